/**
 * The fixed hardware of ACPI that a PC needs to be timed and switched off (ACPI 6.5, 4.8): PM1a event and control
 * blocks and the 32-bit power management timer.
 *
 * There is no SMI command port: the machine is in ACPI mode from the start and SCI_EN reads as one (4.8.2.5). Of the
 * sleeping states there is S5 alone; asking for another does nothing. Not modelled: sleep button, RTC wake, GPEs.
 *
 * What a guest may abuse: it can switch itself off.
 */
import type { Clock, IrqLine, PioDevice, Saved, Timer } from '@vizor/core';
import { requireVersion } from '../saved.ts';
import { ACPI_PM, CONTROL, PM_TIMER_HZ, PM1 } from './registers.ts';

export interface AcpiPmEvents {
  powerOff(): void;
}

export interface AcpiPmState {
  v: 1;
  status: number;
  enable: number;
  control: number;
  /** Half periods of the timer that its status bit has seen. */
  seenHalves: number;
}

/** TMR_STS rises whenever the timer's top bit changes (ACPI 6.5, 4.8.2.1). */
const HALF_PERIOD = 2 ** 31;
const TICKS_PER_NS = PM_TIMER_HZ / 1e9;

const STATUS_AT = 0;
const ENABLE_AT = 2;
const CONTROL_AT = ACPI_PM.PM1A_CNT - ACPI_PM.PM1A_EVT;
const TIMER_AT = ACPI_PM.PM_TMR - ACPI_PM.PM1A_EVT;

export class AcpiPm implements PioDevice, Saved<AcpiPmState> {
  readonly #sci: IrqLine;
  readonly #clock: Clock;
  readonly #events: AcpiPmEvents;
  readonly #timer: Timer;
  #status = 0;
  #enable = 0;
  #control = 0;
  #seenHalves: number;

  constructor(parts: { sci: IrqLine; clock: Clock; events: AcpiPmEvents }) {
    this.#sci = parts.sci;
    this.#clock = parts.clock;
    this.#events = parts.events;
    this.#timer = parts.clock.timer(() => this.#update());
    this.#seenHalves = this.#halves();
  }

  /** A short press: the guest gets an SCI and, as a rule, shuts down. */
  pressPowerButton(): void {
    this.#status |= PM1.POWER_BUTTON;
    this.#update();
  }

  /** @param offset from {@link ACPI_PM}.PM1A_EVT; all blocks are one range, and a wide read is one sample */
  pioRead(offset: number, size: 1 | 2 | 4): number {
    this.#update();
    const ticks = this.#ticks() >>> 0;
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.#byte(offset + i, ticks) << (8 * i);
    return value >>> 0;
  }

  pioWrite(offset: number, size: 1 | 2 | 4, value: number): void {
    this.#update();
    let sleep = false;
    for (let i = 0; i < size; i++) sleep = this.#writeByte(offset + i, (value >>> (8 * i)) & 0xff) || sleep;
    this.#update();
    if (sleep && (this.#control & CONTROL.SLP_TYP) >> CONTROL.SLP_TYP_SHIFT === ACPI_PM.SLP_TYP_S5) {
      this.#events.powerOff();
    }
  }

  save(): AcpiPmState {
    this.#update();
    return {
      v: 1,
      status: this.#status,
      enable: this.#enable,
      control: this.#control,
      seenHalves: this.#seenHalves,
    };
  }

  /** The clock must already show the time of the save, or a later one. */
  restore(state: AcpiPmState): void {
    requireVersion('ACPI PM', state, 1);
    this.#status = state.status;
    this.#enable = state.enable;
    this.#control = state.control;
    this.#seenHalves = state.seenHalves;
    this.#update();
  }

  #byte(at: number, ticks: number): number {
    if (at >= TIMER_AT) return (ticks >> (8 * (at - TIMER_AT))) & 0xff;
    if (at >= CONTROL_AT + ACPI_PM.PM1A_CNT_LENGTH) return 0;
    if (at >= CONTROL_AT) return ((this.#control | CONTROL.SCI_EN) >> (8 * (at - CONTROL_AT))) & 0xff;
    const register = at >= ENABLE_AT ? this.#enable : this.#status;
    return (register >> (8 * (at & 1))) & 0xff;
  }

  /** @returns whether the byte held SLP_EN */
  #writeByte(at: number, byte: number): boolean {
    const bits = byte << (8 * (at & 1));
    const others = at & 1 ? 0x00ff : 0xff00;
    switch (at & ~1) {
      case STATUS_AT:
        this.#status &= ~bits;
        return false;
      case ENABLE_AT:
        this.#enable = (this.#enable & others) | (bits & PM1.ENABLES);
        return false;
      case CONTROL_AT:
        this.#control = (this.#control & others) | (bits & (CONTROL.BM_RLD | CONTROL.SLP_TYP));
        return (bits & CONTROL.SLP_EN) !== 0;
      default:
        return false;
    }
  }

  /** Bring the timer's status up to date, drive the SCI, and wait for the next toggle if the guest wants to know. */
  #update(): void {
    const halves = this.#halves();
    if (halves !== this.#seenHalves) this.#status |= PM1.TIMER;
    this.#seenHalves = halves;
    this.#sci.set((this.#status & this.#enable) !== 0);
    if (this.#enable & ~this.#status & PM1.TIMER) this.#timer.arm(nsOfTick((halves + 1) * HALF_PERIOD));
    else this.#timer.disarm();
  }

  #ticks(): number {
    return Math.floor(this.#clock.now() * TICKS_PER_NS);
  }

  #halves(): number {
    return Math.floor(this.#ticks() / HALF_PERIOD);
  }
}

function nsOfTick(tick: number): number {
  let ns = Math.ceil(tick / TICKS_PER_NS);
  while (Math.floor(ns * TICKS_PER_NS) < tick) ns++;
  return ns;
}
