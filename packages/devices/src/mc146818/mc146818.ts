/**
 * Motorola MC146818A real-time clock with 128 bytes of CMOS, as the PC wires it: interrupt 8, century in byte 0x32.
 *
 * Modelled: time and date in BCD or binary, 12 or 24 hours, SET and divider reset, update-in-progress, periodic, alarm
 * and update-ended interrupts. The time is the wall clock's at construction plus guest time, so it stands still when the
 * guest does. Not modelled: daylight saving (DSE reads back, nothing more) and the square-wave pin.
 *
 * What a guest may abuse: dates that do not exist carry over to ones that do. A periodic interrupt at 8 kHz fires
 * again only once register C was read.
 */
import type { Clock, IrqLine, Saved, Timer } from '@vizor/core';
import { requireVersion } from '../saved.ts';
import { decodeTime, encodeTime, secondsToAlarm, TIME_REGISTERS } from './calendar.ts';
import { type CmosMemory, fillCmos } from './cmos.ts';
import { A, B, C, D, REG } from './registers.ts';

export interface Mc146818State {
  v: 1;
  ram: number[];
  index: number;
  nmiMasked: boolean;
  flags: number;
  /** Seconds since the epoch at guest time 0, and how far into the second the divider chain was. */
  startSecond: number;
  startNs: number;
  /** Guest time up to which flags were worked out. */
  seenNs: number;
}

const RAM_SIZE = 128;
const NMI_MASK = 0x80;
const SECOND_NS = 1e9;
/** Update-in-progress rises 244 microseconds before the update (datasheet, "Update Cycle"). */
const UPDATE_LEAD_NS = 244_000;
/** The first update comes half a second after the divider leaves reset. */
const AFTER_RESET_NS = SECOND_NS / 2;
const CRYSTAL_HZ = 32_768;

export class Mc146818 implements Saved<Mc146818State> {
  readonly #irq: IrqLine;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #ram = new Uint8Array(RAM_SIZE);
  #index = 0;
  #nmiMasked = false;
  #flags = 0;
  /** Split, as nanoseconds since the epoch do not fit a double. */
  #startSecond: number;
  #startNs: number;
  #seenNs: number;

  /** @param parts `wallClock`: milliseconds since the epoch; `memory`: guest RAM, for firmware's CMOS bytes */
  constructor(parts: { irq: IrqLine; clock: Clock; wallClock: () => number; memory: CmosMemory }) {
    this.#irq = parts.irq;
    this.#clock = parts.clock;
    this.#timer = parts.clock.timer(() => {
      this.#sync();
      this.#update();
    });
    this.#seenNs = this.#now();
    const ms = Math.floor(parts.wallClock());
    this.#startNs = modulo(modulo(ms, 1000) * 1e6 - this.#seenNs, SECOND_NS);
    this.#startSecond = Math.floor(ms / 1000) - Math.floor((this.#seenNs + this.#startNs) / SECOND_NS);
    fillCmos(this.#ram, parts.memory);
    this.#ram[REG.A] = A.DIVIDER_32K | 6;
    this.#ram[REG.B] = B.HOURS_24;
  }

  /** Bit 7 of port 0x70 keeps NMIs from the processor. */
  get nmiMasked(): boolean {
    return this.#nmiMasked;
  }

  /** @param offset 0 index (write-only), 1 data */
  read(offset: number): number {
    return offset & 1 ? this.#readRegister(this.#index) : 0xff;
  }

  /** @param offset 0 index, 1 data */
  write(offset: number, value: number): void {
    if (offset & 1) this.#writeRegister(this.#index, value);
    else {
      this.#index = value & (RAM_SIZE - 1);
      this.#nmiMasked = (value & NMI_MASK) !== 0;
    }
  }

  save(): Mc146818State {
    this.#sync();
    return {
      v: 1,
      ram: [...this.#ram],
      index: this.#index,
      nmiMasked: this.#nmiMasked,
      flags: this.#flags,
      startSecond: this.#startSecond,
      startNs: this.#startNs,
      seenNs: this.#seenNs,
    };
  }

  /** The clock must already show the time of the save, or a later one. */
  restore(state: Mc146818State): void {
    requireVersion('MC146818', state, 1);
    this.#ram.set(state.ram);
    this.#index = state.index;
    this.#nmiMasked = state.nmiMasked;
    this.#flags = state.flags;
    this.#startSecond = state.startSecond;
    this.#startNs = state.startNs;
    this.#seenNs = state.seenNs;
    this.#update();
  }

  /** Time does not pass in the registers: the guest sets them, or holds the divider. */
  get #held(): boolean {
    return (this.#ram[REG.B] & B.SET) !== 0 || this.#dividerReset;
  }

  get #dividerReset(): boolean {
    return (this.#ram[REG.A] & A.DIVIDER_RESET) === A.DIVIDER_RESET;
  }

  #now(): number {
    return Math.floor(this.#clock.now());
  }

  /** Seconds since the epoch. */
  #secondAt(ns: number): number {
    return this.#startSecond + Math.floor((ns + this.#startNs) / SECOND_NS);
  }

  #nsOfSecond(second: number): number {
    return (second - this.#startSecond) * SECOND_NS - this.#startNs;
  }

  #readRegister(index: number): number {
    switch (index) {
      case REG.A:
        return this.#ram[REG.A] | (this.#updating ? A.UPDATE_IN_PROGRESS : 0);
      case REG.C:
        return this.#readFlags();
      case REG.D:
        return D.VALID;
      default:
        if (!this.#held && TIME_REGISTERS.includes(index)) this.#showTime();
        return this.#ram[index];
    }
  }

  #writeRegister(index: number, value: number): void {
    this.#sync();
    const wasHeld = this.#held;
    const wasReset = this.#dividerReset;
    if (!wasHeld) this.#showTime();
    switch (index) {
      case REG.A:
        this.#ram[REG.A] = value & ~A.UPDATE_IN_PROGRESS;
        break;
      case REG.B:
        // SET switches the update-ended interrupt off (datasheet, register B).
        this.#ram[REG.B] = value & B.SET ? value & ~B.UPDATE_ENDED : value;
        break;
      case REG.C:
      case REG.D:
        return;
      default:
        this.#ram[index] = value;
    }
    if (!this.#held && (wasHeld || TIME_REGISTERS.includes(index))) this.#setTime(wasReset);
    this.#update();
  }

  #showTime(): void {
    encodeTime(this.#secondAt(this.#now()), this.#ram[REG.B], this.#ram);
  }

  /** Go on from what the registers say; the fraction of the second is the divider chain's. */
  #setTime(afterReset: boolean): void {
    const now = this.#now();
    if (afterReset) this.#startNs = modulo(AFTER_RESET_NS - now, SECOND_NS);
    this.#startSecond = decodeTime(this.#ram[REG.B], this.#ram) - Math.floor((now + this.#startNs) / SECOND_NS);
  }

  get #updating(): boolean {
    if (this.#held) return false;
    return modulo(this.#now() + this.#startNs, SECOND_NS) >= SECOND_NS - UPDATE_LEAD_NS;
  }

  #readFlags(): number {
    this.#sync();
    const flags = this.#flags;
    const value = flags | (flags & this.#ram[REG.B] ? C.REQUEST : 0);
    this.#flags = 0;
    this.#update();
    return value;
  }

  /** Work out which flags rose since the last look. */
  #sync(): void {
    const now = this.#now();
    const from = this.#seenNs;
    if (now <= from) return;
    this.#seenNs = now;
    if (this.#nextPeriodNs(from) <= now) this.#flags |= C.PERIODIC;
    if (this.#nextSecondNs(from) <= now) this.#flags |= C.UPDATE_ENDED;
    if (this.#nextAlarmNs(from) <= now) this.#flags |= C.ALARM;
  }

  /** Drive the interrupt and arm the timer for the next enabled flag that is not up yet. */
  #update(): void {
    const enabled = this.#ram[REG.B];
    this.#irq.set((this.#flags & enabled & (C.PERIODIC | C.ALARM | C.UPDATE_ENDED)) !== 0);
    const waiting = enabled & ~this.#flags;
    const from = this.#seenNs;
    let next = Infinity;
    if (waiting & B.PERIODIC) next = Math.min(next, this.#nextPeriodNs(from));
    if (waiting & B.UPDATE_ENDED) next = Math.min(next, this.#nextSecondNs(from));
    if (waiting & B.ALARM) next = Math.min(next, this.#nextAlarmNs(from));
    if (next === Infinity) this.#timer.disarm();
    else this.#timer.arm(next);
  }

  /** End of the periodic interrupt's period that `ns` lies in, or Infinity. */
  #nextPeriodNs(ns: number): number {
    const rate = this.#ram[REG.A] & A.RATE;
    if (rate === 0 || this.#dividerReset) return Infinity;
    // Rates 1 and 2 repeat 8 and 9 with the 32.768 kHz crystal (datasheet table 5).
    const periodNs = (1e9 * 2 ** ((rate < 3 ? rate + 7 : rate) - 1)) / CRYSTAL_HZ;
    return Math.ceil((Math.floor(ns / periodNs) + 1) * periodNs);
  }

  #nextSecondNs(ns: number): number {
    if (this.#held) return Infinity;
    return this.#nsOfSecond(this.#secondAt(ns) + 1);
  }

  #nextAlarmNs(ns: number): number {
    if (this.#held) return Infinity;
    const second = this.#secondAt(ns);
    return this.#nsOfSecond(second + secondsToAlarm(second, this.#ram[REG.B], this.#ram));
  }
}

function modulo(value: number, divisor: number): number {
  return value - Math.floor(value / divisor) * divisor;
}
