/**
 * The reset control register of Intel chipsets (82371AB datasheet, 4.1.11), which the FADT names as the ACPI reset
 * register. Soft and hard reset come to the same here: the machine starts over.
 *
 * What a guest may abuse: it can restart itself.
 */
import type { Saved } from '@vizor/core';
import { requireVersion } from '../saved.ts';

/** Port of the register, and the value that restarts the machine; both go into the FADT. */
export const RESET_CONTROL = Object.freeze({ PORT: 0xcf9, VALUE: 0x06 });

const RCR = Object.freeze({ SYSTEM: 0x02, CPU: 0x04 });

export interface ResetControlEvents {
  reset(): void;
}

export interface ResetControlState {
  v: 1;
  latch: number;
}

export class ResetControl implements Saved<ResetControlState> {
  readonly #events: ResetControlEvents;
  #latch = 0;

  constructor(events: ResetControlEvents) {
    this.#events = events;
  }

  read(): number {
    return this.#latch;
  }

  /** Reset is the rising edge of the CPU bit; the bit itself is not kept, as the reset clears it. */
  write(_offset: number, value: number): void {
    this.#latch = value & RCR.SYSTEM;
    if (value & RCR.CPU) this.#events.reset();
  }

  save(): ResetControlState {
    return { v: 1, latch: this.#latch };
  }

  restore(state: ResetControlState): void {
    requireVersion('reset control', state, 1);
    this.#latch = state.latch;
  }
}
