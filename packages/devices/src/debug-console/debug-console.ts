/**
 * The debug console of Bochs and QEMU: what a guest writes to port 0xe9 comes out; reading gives 0xe9, which tells
 * firmware that somebody listens. Has no state.
 *
 * What a guest may abuse: it can write without end, which is the sink's to bear.
 */
import type { ByteRegisters } from '@vizor/bus';

export const DEBUG_CONSOLE_PORT = 0xe9;

/** Takes what the guest writes, a byte at a time. */
export interface DebugConsoleSink {
  write(byte: number): void;
}

export class DebugConsole implements ByteRegisters {
  readonly #sink: DebugConsoleSink;

  constructor(sink: DebugConsoleSink) {
    this.#sink = sink;
  }

  read(): number {
    return DEBUG_CONSOLE_PORT;
  }

  write(_offset: number, value: number): void {
    this.#sink.write(value);
  }
}
