/**
 * One of the 8254's three counters, as a function of time: nothing ticks. What it shows is computed from the tick its
 * count was loaded at; all times are clock pulses since guest time 0 (see `ticks.ts`). Each method that takes `now`
 * must be called with times that never go back.
 *
 * Datasheet: Intel 8254, "Mode Definitions".
 */
import { ACCESS, CONTROL, MODE, STATUS } from './registers.ts';

export interface CounterState {
  control: number;
  gate: boolean;
  /** Count in force, 1 to 65536 (10000 in BCD), or 0 before the first. */
  count: number;
  /** Count written while a period runs or a trigger is awaited: taken over at its end. 0: none. */
  nextCount: number;
  /** Tick at which `count` was loaded: elapsed time counts from here. -1: waits for a count or a trigger. */
  start: number;
  /** Ticks that had elapsed when the gate or a half-written count stopped the counter, or -1 while it runs. */
  stopped: number;
  /** First byte of a count of two, or -1. */
  writtenLsb: number;
  /** The next read of two gives the high byte. */
  readMsb: boolean;
  /** Latched count, or -1. */
  latchedCount: number;
  /** Latched status, or -1. */
  latchedStatus: number;
}

/** The datasheet leaves this undefined; here a counter waits for its first count in mode 3. */
const POWER_ON: Readonly<CounterState> = Object.freeze({
  control: (ACCESS.WORD << CONTROL.ACCESS_SHIFT) | (MODE.SQUARE << CONTROL.MODE_SHIFT),
  gate: true,
  count: 0,
  nextCount: 0,
  start: -1,
  stopped: -1,
  writtenLsb: -1,
  readMsb: false,
  latchedCount: -1,
  latchedStatus: -1,
});

export class Counter {
  #s: CounterState = { ...POWER_ON };

  /** Mode 0 to 5; control words 6 and 7 mean 2 and 3. */
  get mode(): number {
    const mode = (this.#s.control >> CONTROL.MODE_SHIFT) & 7;
    return mode > 5 ? mode - 4 : mode;
  }

  get gate(): boolean {
    return this.#s.gate;
  }

  /** @param control the low six bits of a control word, not a latch command */
  program(control: number): void {
    this.#s = { ...POWER_ON, control, gate: this.#s.gate };
  }

  setGate(level: boolean, now: number): void {
    this.#sync(now);
    const s = this.#s;
    const rising = level && !s.gate;
    s.gate = level;
    switch (this.mode) {
      case MODE.TERMINAL_COUNT:
      case MODE.SOFTWARE_STROBE:
        if (rising) this.#resume(now);
        else if (!level) this.#stop(now);
        break;
      case MODE.RATE:
      case MODE.SQUARE:
        if (rising) this.#load(now);
        else if (!level) this.#stop(now);
        break;
      default: {
        if (!rising) return;
        // A one-shot that is triggered while low stays low; to say so it starts over without the pulse of delay.
        const low = !this.out(now);
        this.#load(now);
        if (low && s.start > now) s.start = now;
      }
    }
  }

  /** A byte of the count, as the control word's access says. */
  write(value: number, now: number): void {
    this.#sync(now);
    const s = this.#s;
    switch (this.#access) {
      case ACCESS.LSB:
        this.#writeCount(value, now);
        break;
      case ACCESS.MSB:
        this.#writeCount(value << 8, now);
        break;
      default:
        if (s.writtenLsb < 0) {
          s.writtenLsb = value;
          // Half a count stops mode 0 until the other half comes.
          if (this.mode === MODE.TERMINAL_COUNT) {
            s.start = -1;
            s.stopped = -1;
          }
        } else {
          const low = s.writtenLsb;
          s.writtenLsb = -1;
          this.#writeCount(low | (value << 8), now);
        }
    }
  }

  /** A byte: latched status, else latched count, else the count as it runs. */
  read(now: number): number {
    this.#sync(now);
    const s = this.#s;
    if (s.latchedStatus >= 0) {
      const status = s.latchedStatus;
      s.latchedStatus = -1;
      return status;
    }
    const count = s.latchedCount >= 0 ? s.latchedCount : this.#shown(now);
    const access = this.#access;
    const msb = access === ACCESS.MSB || (access === ACCESS.WORD && s.readMsb);
    if (access === ACCESS.WORD) s.readMsb = !s.readMsb;
    if (access !== ACCESS.WORD || msb) s.latchedCount = -1;
    return msb ? count >> 8 : count & 0xff;
  }

  /** Counter latch command. A second one before the first was read is ignored. */
  latchCount(now: number): void {
    this.#sync(now);
    const s = this.#s;
    if (s.latchedCount >= 0) return;
    s.latchedCount = this.#shown(now);
    s.readMsb = false;
  }

  /** Status half of the read-back command. */
  latchStatus(now: number): void {
    this.#sync(now);
    const s = this.#s;
    if (s.latchedStatus >= 0) return;
    const pending = s.nextCount !== 0 || s.start < 0 || now < s.start;
    s.latchedStatus = s.control | (this.out(now) ? STATUS.OUT : 0) | (pending ? STATUS.NULL_COUNT : 0);
  }

  /** Level of the OUT pin. */
  out(now: number): boolean {
    this.#sync(now);
    const s = this.#s;
    const elapsed = this.#elapsed(now);
    switch (this.mode) {
      case MODE.TERMINAL_COUNT:
        return s.start >= 0 && elapsed >= s.count;
      case MODE.ONE_SHOT:
        return elapsed < 0 || elapsed >= s.count;
      case MODE.RATE:
        return !s.gate || elapsed < 0 || elapsed % s.count !== s.count - 1;
      case MODE.SQUARE:
        return !s.gate || elapsed < 0 || elapsed % s.count < (s.count + 1) >> 1;
      default:
        return elapsed !== s.count || s.start < 0;
    }
  }

  /** The next tick after `now` at which OUT rises, or -1 if it will not without the guest's doing. */
  nextRise(now: number): number {
    this.#sync(now);
    const s = this.#s;
    if (s.start < 0 || s.stopped >= 0) return -1;
    switch (this.mode) {
      case MODE.RATE:
      case MODE.SQUARE: {
        const periods = Math.max(0, Math.floor((now - s.start) / s.count)) + 1;
        return s.start + periods * s.count;
      }
      case MODE.TERMINAL_COUNT:
      case MODE.ONE_SHOT:
        return now < s.start + s.count ? s.start + s.count : -1;
      default:
        return now <= s.start + s.count ? s.start + s.count + 1 : -1;
    }
  }

  save(now: number): CounterState {
    this.#sync(now);
    return { ...this.#s };
  }

  restore(state: CounterState): void {
    this.#s = { ...state };
  }

  get #access(): number {
    return (this.#s.control >> CONTROL.ACCESS_SHIFT) & 3;
  }

  get #bcd(): boolean {
    return (this.#s.control & CONTROL.BCD) !== 0;
  }

  #writeCount(raw: number, now: number): void {
    const s = this.#s;
    const mode = this.mode;
    if (isPeriodic(mode) && s.start >= 0 && s.stopped < 0 && now > s.start) s.start = now - ((now - s.start) % s.count);
    s.nextCount = decodeCount(raw, this.#bcd);
    // The datasheet forbids a count of 1 in the periodic modes; as there is nothing sensible to do, it counts as 2.
    if (mode === MODE.RATE || mode === MODE.SQUARE) s.nextCount = Math.max(2, s.nextCount);
    if (mode === MODE.TERMINAL_COUNT || mode === MODE.SOFTWARE_STROBE || (isPeriodic(mode) && s.start < 0)) {
      this.#load(now);
    }
  }

  /** Take the count over with the next clock pulse and start from it. */
  #load(now: number): void {
    const s = this.#s;
    if (s.nextCount !== 0) {
      s.count = s.nextCount;
      s.nextCount = 0;
    }
    if (s.count === 0) return;
    s.start = now + 1;
    s.stopped = !s.gate && this.mode !== MODE.ONE_SHOT && this.mode !== MODE.HARDWARE_STROBE ? 0 : -1;
  }

  #stop(now: number): void {
    const s = this.#s;
    if (s.start >= 0 && s.stopped < 0) s.stopped = Math.max(0, now - s.start);
  }

  #resume(now: number): void {
    const s = this.#s;
    if (s.start < 0 || s.stopped < 0) return;
    s.start = now - s.stopped;
    s.stopped = -1;
  }

  /** Let a periodic counter take its new count over when a period has ended since. */
  #sync(now: number): void {
    const s = this.#s;
    if (s.nextCount === 0 || !isPeriodic(this.mode) || s.start < 0 || s.stopped >= 0) return;
    const end = s.start + s.count;
    if (now < end) return;
    s.start = end;
    s.count = s.nextCount;
    s.nextCount = 0;
  }

  /** Ticks since the count was loaded; below zero before it is, or while a trigger is awaited. */
  #elapsed(now: number): number {
    const s = this.#s;
    if (s.start < 0) return -1;
    return s.stopped >= 0 ? s.stopped : now - s.start;
  }

  /** The counting element as the data bus shows it. */
  #shown(now: number): number {
    const { count } = this.#s;
    const elapsed = Math.max(0, this.#elapsed(now));
    const range = this.#bcd ? 10_000 : 0x10000;
    let left: number;
    switch (this.mode) {
      case MODE.RATE:
        left = count === 0 ? 0 : count - (elapsed % count);
        break;
      case MODE.SQUARE:
        left = squareCount(count, elapsed);
        break;
      default: // Past zero it wraps and counts on.
        left = (((count - elapsed) % range) + range) % range;
    }
    return this.#bcd ? toBcd(left % range) : left % range;
  }
}

function isPeriodic(mode: number): boolean {
  return mode === MODE.RATE || mode === MODE.SQUARE;
}

/** Mode 3 counts down by two, twice a period; an odd count is loaded less one, the high half one pulse longer. */
function squareCount(count: number, elapsed: number): number {
  if (count === 0) return 0;
  const phase = elapsed % count;
  const high = (count + 1) >> 1;
  const even = count & ~1;
  if (phase < high) return Math.max(0, even - 2 * phase);
  return even - 2 * (phase - high);
}

/** A written count as a number of pulses: 0 means the whole range. Digits above 9 count as they weigh. */
function decodeCount(raw: number, bcd: boolean): number {
  if (!bcd) return raw || 0x10000;
  const value = (raw >> 12) * 1000 + ((raw >> 8) & 15) * 100 + ((raw >> 4) & 15) * 10 + (raw & 15);
  return value % 10_000 || 10_000;
}

function toBcd(value: number): number {
  const digit = (unit: number) => Math.floor(value / unit) % 10;
  return (digit(1000) << 12) | (digit(100) << 8) | (digit(10) << 4) | digit(1);
}
