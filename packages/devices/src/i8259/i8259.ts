/**
 * Intel 8259A programmable interrupt controller, in 8086 mode, with the edge/level control register (ELCR) that PCI
 * chipsets added per input.
 *
 * Not modelled: 8080 mode, buffered mode, and ICW1's LTIM bit, which the ELCR replaced.
 *
 * One liberty: an edge stays latched when its line falls before the acknowledge, so that a device may pulse. The real
 * chip would answer such a request with the spurious vector of input 7.
 *
 * What a guest may abuse: nothing beyond its own interrupts.
 */
import type { Saved } from '@vizor/core';
import { requireVersion } from '../saved.ts';
import { ICW1, ICW4, OCW2, OCW3, POLL_PENDING } from './registers.ts';

export interface I8259State {
  v: 1;
  lines: number;
  irr: number;
  isr: number;
  imr: number;
  elcr: number;
  vectorBase: number;
  lowest: number;
  initStep: 0 | 2 | 3 | 4;
  icw1: number;
  icw4: number;
  readIsr: boolean;
  poll: boolean;
  specialMask: boolean;
  rotateInAutoEoi: boolean;
}

const NO_REQUEST = -1;

export class I8259 implements Saved<I8259State> {
  /** Told after every change that the INT output may have changed. */
  readonly #changed: () => void;
  /** Input that is the INT pin of another 8259, or -1: its request falls with its line. */
  readonly #cascade: number;
  readonly #elcrWritable: number;

  #lines = 0;
  #irr = 0;
  #isr = 0;
  #imr = 0;
  #elcr = 0;
  #vectorBase = 0;
  /** Input of lowest priority; the one above it (modulo 8) has the highest. */
  #lowest = 7;
  /** Initialisation command word that the data port expects next, or 0. */
  #initStep: 0 | 2 | 3 | 4 = 0;
  #icw1 = 0;
  #icw4 = 0;
  #readIsr = false;
  #poll = false;
  #specialMask = false;
  #rotateInAutoEoi = false;

  constructor(parts: { changed: () => void; cascade: number; elcrWritable: number }) {
    this.#changed = parts.changed;
    this.#cascade = parts.cascade;
    this.#elcrWritable = parts.elcrWritable;
  }

  /** Level of the INT output. */
  get requesting(): boolean {
    return this.#highestRequest() !== NO_REQUEST;
  }

  /** Drive input `n`. */
  setLine(n: number, level: boolean): void {
    const bit = 1 << n;
    const rising = level && (this.#lines & bit) === 0;
    this.#lines = level ? this.#lines | bit : this.#lines & ~bit;
    if (this.#followsLine & bit) this.#irr = level ? this.#irr | bit : this.#irr & ~bit;
    else if (rising) this.#irr |= bit;
    this.#changed();
  }

  /**
   * Interrupt acknowledge cycle.
   *
   * @returns the input that is now in service, or -1 when the request is gone: the spurious interrupt, on input 7 with
   *   no in-service bit
   */
  acknowledge(): number {
    const input = this.#highestRequest();
    if (input === NO_REQUEST) return NO_REQUEST;
    const bit = 1 << input;
    if ((this.#followsLine & bit) === 0) this.#irr &= ~bit;
    if ((this.#icw4 & ICW4.AUTO_EOI) === 0) this.#isr |= bit;
    else if (this.#rotateInAutoEoi) this.#lowest = input;
    this.#changed();
    return input;
  }

  /** Vector of an input. */
  vector(input: number): number {
    return this.#vectorBase | input;
  }

  /** @param offset 0 command port, 1 data port */
  read(offset: number): number {
    if (this.#poll) return this.#readPoll();
    if (offset & 1) return this.#imr;
    return this.#readIsr ? this.#isr : this.#irr;
  }

  /** @param offset 0 command port, 1 data port */
  write(offset: number, value: number): void {
    if (offset & 1) this.#writeData(value);
    else if (value & ICW1.INIT) this.#initialise(value);
    else if (value & OCW3.SELECT) this.#writeOcw3(value);
    else this.#writeOcw2(value >> 5, value & 7);
    this.#changed();
  }

  get elcr(): number {
    return this.#elcr;
  }

  /** Bit set: input is level-triggered. Inputs that must stay edge-triggered keep their bit clear. */
  set elcr(value: number) {
    this.#elcr = value & this.#elcrWritable;
    this.#irr = (this.#irr & ~this.#elcr) | (this.#lines & this.#elcr);
    this.#changed();
  }

  save(): I8259State {
    return {
      v: 1,
      lines: this.#lines,
      irr: this.#irr,
      isr: this.#isr,
      imr: this.#imr,
      elcr: this.#elcr,
      vectorBase: this.#vectorBase,
      lowest: this.#lowest,
      initStep: this.#initStep,
      icw1: this.#icw1,
      icw4: this.#icw4,
      readIsr: this.#readIsr,
      poll: this.#poll,
      specialMask: this.#specialMask,
      rotateInAutoEoi: this.#rotateInAutoEoi,
    };
  }

  restore(state: I8259State): void {
    requireVersion('8259A', state, 1);
    this.#lines = state.lines;
    this.#irr = state.irr;
    this.#isr = state.isr;
    this.#imr = state.imr;
    this.#elcr = state.elcr;
    this.#vectorBase = state.vectorBase;
    this.#lowest = state.lowest;
    this.#initStep = state.initStep;
    this.#icw1 = state.icw1;
    this.#icw4 = state.icw4;
    this.#readIsr = state.readIsr;
    this.#poll = state.poll;
    this.#specialMask = state.specialMask;
    this.#rotateInAutoEoi = state.rotateInAutoEoi;
    this.#changed();
  }

  /** Inputs whose request is their line and no latch. */
  get #followsLine(): number {
    return this.#cascade < 0 ? this.#elcr : this.#elcr | (1 << this.#cascade);
  }

  /** The unmasked request that beats everything in service, or -1 ("Fully Nested Mode"). */
  #highestRequest(): number {
    const request = this.#rank(this.#irr & ~this.#imr);
    if (request === 8) return NO_REQUEST;
    let inService = this.#isr;
    // In special mask mode a masked input in service holds nobody back.
    if (this.#specialMask) inService &= ~this.#imr;
    // In special fully nested mode the slave may interrupt its own service.
    if (this.#icw4 & ICW4.SPECIAL_FULLY_NESTED && this.#cascade >= 0) inService &= ~(1 << this.#cascade);
    return request < this.#rank(inService) ? this.#inputOfRank(request) : NO_REQUEST;
  }

  /** Priority of the highest bit set, 0 (highest) to 7, or 8 for none. */
  #rank(bits: number): number {
    if (bits === 0) return 8;
    let rank = 0;
    while ((bits & (1 << this.#inputOfRank(rank))) === 0) rank++;
    return rank;
  }

  #inputOfRank(rank: number): number {
    return (this.#lowest + 1 + rank) & 7;
  }

  #readPoll(): number {
    this.#poll = false;
    const input = this.acknowledge();
    return input === NO_REQUEST ? 0 : POLL_PENDING | input;
  }

  /** ICW1 resets the edge detectors, mask, service and modes, and starts the sequence. */
  #initialise(value: number): void {
    this.#icw1 = value;
    this.#icw4 = 0;
    this.#initStep = 2;
    this.#irr &= this.#followsLine;
    this.#isr = 0;
    this.#imr = 0;
    this.#lowest = 7;
    this.#readIsr = false;
    this.#poll = false;
    this.#specialMask = false;
    this.#rotateInAutoEoi = false;
  }

  #writeData(value: number): void {
    const afterVector = this.#icw1 & ICW1.SINGLE ? this.#stepAfterCascade : 3;
    switch (this.#initStep) {
      case 0:
        this.#imr = value;
        break;
      case 2:
        this.#vectorBase = value & 0xf8;
        this.#initStep = afterVector;
        break;
      case 3: // Cascade wiring is what the board made it.
        this.#initStep = this.#stepAfterCascade;
        break;
      case 4:
        this.#icw4 = value;
        this.#initStep = 0;
    }
  }

  get #stepAfterCascade(): 0 | 4 {
    return this.#icw1 & ICW1.NEEDS_ICW4 ? 4 : 0;
  }

  #writeOcw2(command: number, input: number): void {
    switch (command) {
      case OCW2.CLEAR_ROTATE_IN_AUTO_EOI:
      case OCW2.SET_ROTATE_IN_AUTO_EOI:
        this.#rotateInAutoEoi = command === OCW2.SET_ROTATE_IN_AUTO_EOI;
        break;
      case OCW2.EOI:
      case OCW2.ROTATE_EOI:
        this.#endHighest(command === OCW2.ROTATE_EOI);
        break;
      case OCW2.SPECIFIC_EOI:
        this.#isr &= ~(1 << input);
        break;
      case OCW2.ROTATE_SPECIFIC_EOI:
        this.#isr &= ~(1 << input);
        this.#lowest = input;
        break;
      case OCW2.SET_PRIORITY:
        this.#lowest = input;
    }
  }

  /** Non-specific EOI. In special mask mode it passes over masked inputs ("Special Mask Mode"). */
  #endHighest(rotate: boolean): void {
    const rank = this.#rank(this.#specialMask ? this.#isr & ~this.#imr : this.#isr);
    if (rank === 8) return;
    const input = this.#inputOfRank(rank);
    this.#isr &= ~(1 << input);
    if (rotate) this.#lowest = input;
  }

  #writeOcw3(value: number): void {
    if (value & OCW3.POLL) this.#poll = true;
    if (value & OCW3.READ_REGISTER) this.#readIsr = (value & OCW3.READ_ISR) !== 0;
    if (value & OCW3.SET_SPECIAL_MASK) this.#specialMask = (value & OCW3.SPECIAL_MASK) !== 0;
  }
}
