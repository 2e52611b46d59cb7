import * as layout from '@vizor/asm/layout/cpu';

/** Visible part and hidden part of a segment register. `attributes` as in asm/layout/cpu.ts, SEG_ATTR. */
export interface Segment {
  selector: number;
  base: bigint;
  limit: number;
  attributes: number;
}

export const SEGMENTS = Object.freeze({ es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5, ldtr: 6, tr: 7 });
export type SegmentName = keyof typeof SEGMENTS;

const GENERAL = [
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsp',
  'rbp',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
] as const;
export type GeneralRegister = (typeof GENERAL)[number];

/** Control registers and the like, u64 each. */
const CONTROL = Object.freeze({
  rip: layout.RIP,
  cr0: layout.CR0,
  cr2: layout.CR2,
  cr3: layout.CR3,
  cr4: layout.CR4,
  efer: layout.EFER,
});
export type ControlRegister = keyof typeof CONTROL;

/** A vCPU's architectural registers where they are: in its block of the machine's linear memory. */
export class Registers {
  readonly #view: DataView;
  readonly #base: number;

  constructor(memory: WebAssembly.Memory, base: number) {
    this.#view = new DataView(memory.buffer);
    this.#base = base;
  }

  get(name: GeneralRegister | ControlRegister): bigint {
    return this.#view.getBigUint64(this.#base + offsetOf(name), true);
  }

  set(name: GeneralRegister | ControlRegister, value: bigint): void {
    this.#view.setBigUint64(this.#base + offsetOf(name), value, true);
  }

  segment(name: SegmentName): Segment {
    const at = this.#base + layout.SEG + SEGMENTS[name] * layout.SEG_SIZE;
    return {
      base: this.#view.getBigUint64(at + layout.SEG_BASE, true),
      limit: this.#view.getUint32(at + layout.SEG_LIMIT, true),
      attributes: this.#view.getUint32(at + layout.SEG_ATTR, true),
      selector: this.#view.getUint32(at + layout.SEG_SELECTOR, true),
    };
  }

  setSegment(name: SegmentName, segment: Segment): void {
    const at = this.#base + layout.SEG + SEGMENTS[name] * layout.SEG_SIZE;
    this.#view.setBigUint64(at + layout.SEG_BASE, segment.base, true);
    this.#view.setUint32(at + layout.SEG_LIMIT, segment.limit, true);
    this.#view.setUint32(at + layout.SEG_ATTR, segment.attributes, true);
    this.#view.setUint32(at + layout.SEG_SELECTOR, segment.selector, true);
  }

  setTable(name: 'gdt' | 'idt', base: bigint, limit: number): void {
    const at = this.#base + (name === 'gdt' ? layout.GDT_BASE : layout.IDT_BASE);
    this.#view.setBigUint64(at, base, true);
    this.#view.setUint32(at + 8, limit, true);
  }

  /** A u32 of the block, by its offset in asm/layout/cpu.ts: counters and pins. */
  word(offset: number): number {
    return this.#view.getUint32(this.#base + offset, true);
  }

  setWord(offset: number, value: number): void {
    this.#view.setUint32(this.#base + offset, value, true);
  }

  /** A u64 of the block. */
  quad(offset: number): bigint {
    return this.#view.getBigUint64(this.#base + offset, true);
  }

  setQuad(offset: number, value: bigint): void {
    this.#view.setBigUint64(this.#base + offset, value, true);
  }
}

function offsetOf(name: GeneralRegister | ControlRegister): number {
  if (name in CONTROL) return CONTROL[name as ControlRegister];
  return layout.GPR + GENERAL.indexOf(name as GeneralRegister) * 8;
}
