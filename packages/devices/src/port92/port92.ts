/**
 * System control port A of the PS/2 (IBM PS/2 Technical Reference, port 0x92): the fast A20 gate and the fast reset.
 * The other bits (disk light, password lock) are kept and do nothing.
 *
 * What a guest may abuse: it can restart itself and move its own A20 line.
 */
import type { ByteRegisters } from '@vizor/bus';
import type { Saved } from '@vizor/core';
import { requireVersion } from '../saved.ts';

const PORT_A = Object.freeze({ RESET: 0x01, A20: 0x02 });

export interface Port92Events {
  reset(): void;
  a20(enabled: boolean): void;
}

export interface Port92State {
  v: 1;
  latch: number;
}

export class Port92 implements ByteRegisters, Saved<Port92State> {
  readonly #events: Port92Events;
  /** A20 is open at power-on: nothing here starts below 8086 compatibility that needs it shut. */
  #latch: number = PORT_A.A20;

  constructor(events: Port92Events) {
    this.#events = events;
  }

  read(): number {
    return this.#latch;
  }

  /** Reset is the rising edge of its bit. */
  write(_offset: number, value: number): void {
    const before = this.#latch;
    this.#latch = value;
    if ((value ^ before) & PORT_A.A20) this.#events.a20((value & PORT_A.A20) !== 0);
    if (value & ~before & PORT_A.RESET) this.#events.reset();
  }

  save(): Port92State {
    return { v: 1, latch: this.#latch };
  }

  /** The A20 line itself belongs to the machine. */
  restore(state: Port92State): void {
    requireVersion('port 0x92', state, 1);
    this.#latch = state.latch;
  }
}
