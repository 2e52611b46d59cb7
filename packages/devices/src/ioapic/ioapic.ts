/**
 * Intel 82093AA I/O APIC with 24 inputs, as version 0x20, which adds the EOI register.
 *
 * Messages go out at once, so delivery status always reads idle. Edges on a masked input are lost, as the datasheet
 * says (3.2.4, interrupt mask). Not modelled: the APIC bus (arbitration) and 32-bit destinations.
 *
 * What a guest may abuse: a level input that nobody quiets is delivered again at every EOI, which costs the guest its
 * own time.
 */
import type { IrqLine, MmioDevice, Saved } from '@vizor/core';
import { requireVersion } from '../saved.ts';
import { DELIVERY, ENTRY, INDEX, VERSION, WINDOW } from './registers.ts';

/** An interrupt on its way to the local APICs; fields as in a redirection entry (82093AA 3.2.4). */
export interface ApicMessage {
  destination: number;
  logical: boolean;
  /** 0 fixed, 1 lowest priority, 2 SMI, 4 NMI, 5 INIT, 7 ExtINT (the vector comes from the 8259 pair). */
  deliveryMode: number;
  vector: number;
  level: boolean;
}

export interface IoApicState {
  v: 1;
  select: number;
  id: number;
  /** Low and high word of every entry. */
  low: number[];
  high: number[];
  lines: number;
}

/** Where PCs have it, and how large its window is. */
export const IOAPIC_BASE = 0xfec0_0000;
export const IOAPIC_LENGTH = 0x1000;
export const IOAPIC_INPUTS = 24;

export class IoApic implements MmioDevice, Saved<IoApicState> {
  readonly #deliver: (message: ApicMessage) => void;
  readonly #inputs: readonly IrqLine[];
  #select = 0;
  #id = 0;
  #low = new Array<number>(IOAPIC_INPUTS).fill(ENTRY.MASKED);
  #high = new Array<number>(IOAPIC_INPUTS).fill(0);
  /** Electrical level of the input pins, a bit each. */
  #lines = 0;

  constructor(deliver: (message: ApicMessage) => void) {
    this.#deliver = deliver;
    this.#inputs = Array.from({ length: IOAPIC_INPUTS }, (_, n) => ({
      set: (level: boolean) => this.#setLine(n, level),
    }));
  }

  /** @param n input, 0 to 23 */
  line(n: number): IrqLine {
    return this.#inputs[n];
  }

  /** A local APIC ended a level-triggered interrupt: entries with its vector may fire again. */
  endOfInterrupt(vector: number): void {
    for (let n = 0; n < IOAPIC_INPUTS; n++) {
      const low = this.#low[n];
      if ((low & ENTRY.REMOTE_IRR) === 0 || (low & ENTRY.VECTOR) !== vector) continue;
      this.#low[n] = low & ~ENTRY.REMOTE_IRR;
      this.#serviceLevel(n);
    }
  }

  /** Registers are 32 bits wide; a narrower read gives the bytes asked for. */
  mmioRead(offset: number, size: 1 | 2 | 4): number {
    const shift = 8 * (offset & 3);
    const value = this.#readWindow(offset & ~3) >>> shift;
    return size === 4 ? value : value & (size === 2 ? 0xffff : 0xff);
  }

  /** Data must be written as one aligned word (3.1); the other two registers are a byte. */
  mmioWrite(offset: number, size: 1 | 2 | 4, value: number): void {
    if (offset === WINDOW.SELECT) this.#select = value & 0xff;
    else if (offset === WINDOW.EOI) this.endOfInterrupt(value & 0xff);
    else if (offset === WINDOW.DATA && size === 4) this.#writeRegister(this.#select, value);
  }

  save(): IoApicState {
    return {
      v: 1,
      select: this.#select,
      id: this.#id,
      low: [...this.#low],
      high: [...this.#high],
      lines: this.#lines,
    };
  }

  /** Delivers nothing: what had been delivered is in the local APICs' state. */
  restore(state: IoApicState): void {
    requireVersion('I/O APIC', state, 1);
    this.#select = state.select;
    this.#id = state.id;
    this.#low = [...state.low];
    this.#high = [...state.high];
    this.#lines = state.lines;
  }

  #readWindow(offset: number): number {
    if (offset === WINDOW.SELECT) return this.#select;
    return offset === WINDOW.DATA ? this.#readRegister(this.#select) : 0;
  }

  #readRegister(index: number): number {
    if (index === INDEX.ID || index === INDEX.ARBITRATION) return this.#id << 24;
    if (index === INDEX.VERSION) return VERSION | ((IOAPIC_INPUTS - 1) << 16);
    const n = (index - INDEX.REDIRECTION) >> 1;
    if (n < 0 || n >= IOAPIC_INPUTS) return 0;
    return (index & 1 ? this.#high[n] : this.#low[n]) >>> 0;
  }

  #writeRegister(index: number, value: number): void {
    if (index === INDEX.ID) this.#id = (value >>> 24) & 0xf;
    const n = (index - INDEX.REDIRECTION) >> 1;
    if (n < 0 || n >= IOAPIC_INPUTS) return;
    if (index & 1) {
      this.#high[n] = (value & 0xff00_0000) >>> 0;
      return;
    }
    // An edge-triggered entry has no remote IRR: drivers flip the trigger to clear a stuck one.
    const kept = value & ENTRY.LEVEL ? this.#low[n] & ENTRY.REMOTE_IRR : 0;
    this.#low[n] = (value & ENTRY.WRITABLE) | kept;
    this.#serviceLevel(n);
  }

  #setLine(n: number, level: boolean): void {
    const bit = 1 << n;
    if (level === ((this.#lines & bit) !== 0)) return;
    this.#lines ^= bit;
    if (this.#isLevel(n)) this.#serviceLevel(n);
    else if (this.#asserted(n) && (this.#low[n] & ENTRY.MASKED) === 0) this.#send(n, false);
  }

  #asserted(n: number): boolean {
    return ((this.#lines >> n) & 1) !== (this.#low[n] & ENTRY.ACTIVE_LOW ? 1 : 0);
  }

  /** Only fixed and lowest priority heed the trigger bit; the other modes are edges (3.2.4, delivery mode). */
  #isLevel(n: number): boolean {
    const low = this.#low[n];
    const mode = (low & ENTRY.DELIVERY_MODE) >> ENTRY.DELIVERY_MODE_SHIFT;
    return (low & ENTRY.LEVEL) !== 0 && (mode === DELIVERY.FIXED || mode === DELIVERY.LOWEST_PRIORITY);
  }

  #serviceLevel(n: number): void {
    const blocked = (this.#low[n] & (ENTRY.MASKED | ENTRY.REMOTE_IRR)) !== 0;
    if (blocked || !this.#isLevel(n) || !this.#asserted(n)) return;
    this.#low[n] |= ENTRY.REMOTE_IRR;
    this.#send(n, true);
  }

  #send(n: number, level: boolean): void {
    const low = this.#low[n];
    this.#deliver({
      destination: this.#high[n] >>> 24,
      logical: (low & ENTRY.LOGICAL) !== 0,
      deliveryMode: (low & ENTRY.DELIVERY_MODE) >> ENTRY.DELIVERY_MODE_SHIFT,
      vector: low & ENTRY.VECTOR,
      level,
    });
  }
}
