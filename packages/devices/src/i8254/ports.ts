import { bytePorts, type PioBus } from '@vizor/bus';
import type { Clock, Saved } from '@vizor/core';
import { requireVersion } from '../saved.ts';
import type { I8254 } from './i8254.ts';

/** System control port B, PC/AT Technical Reference "System Board", port 0x61. */
const PORT_B = Object.freeze({
  GATE2: 0x01,
  SPEAKER: 0x02,
  /** Gate, speaker, and the two parity check enables, which do nothing here. */
  WRITABLE: 0x0f,
  REFRESH: 0x10,
  OUT2: 0x20,
});

/** DRAM refresh toggles its bit every 15.085 microseconds; old delay loops count it. */
const REFRESH_NS = 15_085;

export interface PortBState {
  v: 1;
  latch: number;
}

/** Port 0x61: channel 2's gate and output, the refresh toggle, and the switch of a speaker that is not there. */
export class PortB implements Saved<PortBState> {
  readonly #pit: I8254;
  readonly #clock: Clock;
  #latch = 0;

  constructor(pit: I8254, clock: Clock) {
    this.#pit = pit;
    this.#clock = clock;
  }

  read(): number {
    const refresh = Math.floor(this.#clock.now() / REFRESH_NS) % 2 === 1 ? PORT_B.REFRESH : 0;
    return this.#latch | refresh | (this.#pit.out2 ? PORT_B.OUT2 : 0);
  }

  write(_offset: number, value: number): void {
    this.#latch = value & PORT_B.WRITABLE;
    this.#pit.gate2 = (value & PORT_B.GATE2) !== 0;
  }

  save(): PortBState {
    return { v: 1, latch: this.#latch };
  }

  /** The gate itself is part of the 8254's state. */
  restore(state: PortBState): void {
    requireVersion('port 0x61', state, 1);
    this.#latch = state.latch;
  }
}

/** Put the timer at 0x40 and system control port B at 0x61. */
export function attachI8254(bus: PioBus, pit: I8254, portB: PortB): void {
  bus.map(0x40, 4, bytePorts(pit), '8254');
  bus.map(0x61, 1, bytePorts(portB), 'system control port B');
}
