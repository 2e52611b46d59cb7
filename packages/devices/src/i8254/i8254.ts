/**
 * Intel 8254 programmable interval timer at the PC's 1.193182 MHz: three counters, all six modes, BCD, counter latch
 * and read-back. Channel 0 drives an interrupt line; channel 2 has a gate and an output that software reads.
 *
 * Time is computed, not ticked: a counter costs nothing until it is looked at, and channel 0 one timer per interrupt.
 * The interrupt line shows the rising edges of OUT; the one-pulse lows of modes 2, 4 and 5 and mode 3's low half
 * are drawn together into the moment before the next rise. Rises that the host slept through come as one.
 *
 * What a guest may abuse: a count of 2 in mode 2 asks for an interrupt every 1.7 microseconds. It gets at most one per
 * poll of the clock.
 */
import type { Clock, IrqLine, Saved, Timer } from '@vizor/core';
import { requireVersion } from '../saved.ts';
import { Counter, type CounterState } from './counter.ts';
import { ACCESS, CONTROL, MODE, READ_BACK } from './registers.ts';
import { nsOfTick, ticksAt } from './ticks.ts';

export interface I8254State {
  v: 1;
  counters: CounterState[];
  /** Level of the interrupt line. */
  irq: boolean;
}

const CONTROL_PORT = 3;

export class I8254 implements Saved<I8254State> {
  readonly #irq: IrqLine;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #counters: readonly Counter[] = [new Counter(), new Counter(), new Counter()];
  #irqLevel = false;

  /** @param parts `irq`: channel 0's OUT */
  constructor(parts: { irq: IrqLine; clock: Clock }) {
    this.#irq = parts.irq;
    this.#clock = parts.clock;
    this.#timer = parts.clock.timer(() => this.#rise());
    this.#counters[2].setGate(false, 0);
  }

  /** @param offset counter 0 to 2; the control port cannot be read */
  read(offset: number): number {
    const port = offset & 3;
    return port === CONTROL_PORT ? 0xff : this.#counters[port].read(this.#now());
  }

  /** @param offset counter 0 to 2, or 3: control */
  write(offset: number, value: number): void {
    const port = offset & 3;
    if (port === CONTROL_PORT) this.#writeControl(value);
    else {
      this.#counters[port].write(value, this.#now());
      if (port === 0) this.#schedule();
    }
  }

  /** Channel 2's gate, as port 0x61 drives it. */
  get gate2(): boolean {
    return this.#counters[2].gate;
  }

  set gate2(level: boolean) {
    this.#counters[2].setGate(level, this.#now());
  }

  /** Channel 2's output, as port 0x61 shows it and the speaker hears it. */
  get out2(): boolean {
    return this.#counters[2].out(this.#now());
  }

  save(): I8254State {
    const now = this.#now();
    return { v: 1, counters: this.#counters.map((counter) => counter.save(now)), irq: this.#irqLevel };
  }

  /** The clock must already show the time of the save, or a later one. */
  restore(state: I8254State): void {
    requireVersion('8254', state, 1);
    for (const [i, counter] of this.#counters.entries()) counter.restore(state.counters[i]);
    this.#setIrq(state.irq);
    this.#arm();
  }

  #now(): number {
    return ticksAt(this.#clock.now());
  }

  #writeControl(value: number): void {
    const channel = value >> CONTROL.CHANNEL_SHIFT;
    if (channel === CONTROL.READ_BACK) {
      this.#readBack(value);
    } else if (((value >> CONTROL.ACCESS_SHIFT) & 3) === ACCESS.LATCH) {
      this.#counters[channel].latchCount(this.#now());
    } else {
      this.#counters[channel].program(value & 0x3f);
      if (channel === 0) this.#schedule();
    }
  }

  #readBack(value: number): void {
    const now = this.#now();
    for (const [i, counter] of this.#counters.entries()) {
      if ((value & (2 << i)) === 0) continue;
      if ((value & READ_BACK.NO_COUNT) === 0) counter.latchCount(now);
      if ((value & READ_BACK.NO_STATUS) === 0) counter.latchStatus(now);
    }
  }

  /** Channel 0 was written: its output settles, and the next edge is elsewhere. */
  #schedule(): void {
    const counter = this.#counters[0];
    // Only mode 0 rests low; see the header for the pulses of the other modes.
    this.#setIrq(counter.mode !== MODE.TERMINAL_COUNT || counter.out(this.#now()));
    this.#arm();
  }

  #arm(): void {
    const tick = this.#counters[0].nextRise(this.#now());
    if (tick < 0) this.#timer.disarm();
    else this.#timer.arm(nsOfTick(tick));
  }

  #rise(): void {
    this.#setIrq(false);
    this.#setIrq(true);
    this.#arm();
  }

  #setIrq(level: boolean): void {
    this.#irqLevel = level;
    this.#irq.set(level);
  }
}
