// A machine whose walls are watched: everything in linear memory that no guest may change is filled or copied beforehand and
// compared afterwards, and what the CPU keeps about guest memory is checked to lead nowhere else.

import * as layout from '@vizor/asm/layout/cpu';
import { CODE_ARENA, CODE_ARENA_END, CODE_PAGES, PAGE, RAM_ALIGN, RAM_BASE_MIN, VCPU } from '@vizor/asm/layout/memory';
import type { VcpuExit } from '@vizor/core';
import type { SoftwareVcpu } from '@vizor/cpu';
import { GuestMemory } from '@vizor/memory';
// The machine's wiring is its own affair, and not part of the package's interface.
import { Board } from '../../packages/machine/src/board.ts';
import { HostClock } from '../../packages/machine/src/clock.ts';

const FILL = 0xa5;
const VCPU_END = VCPU + layout.VCPU_SIZE;
const NO_RECORDS = Buffer.alloc(CODE_ARENA - CODE_PAGES);
/** Operations past the budget that a straight line may still execute. */
const OVERRUN = 200;

export interface FortressOptions {
  /** Bytes of RAM, a multiple of 4 KiB. */
  size: number;
  /** How many of them lie from 4 GiB up. */
  high?: number;
}

export class Fortress {
  readonly memory: GuestMemory;
  readonly low: number;
  readonly high: number;
  readonly #bytes: Buffer;
  readonly #below: Buffer;
  readonly #between: Buffer;
  #board!: Board;
  #time = 0;

  constructor({ size, high = 0 }: FortressOptions) {
    this.memory = new GuestMemory(size, RAM_BASE_MIN + RAM_ALIGN);
    this.low = size - high;
    this.high = high;
    this.#bytes = Buffer.from(this.memory.memory.buffer as unknown as ArrayBuffer);
    this.#bytes.fill(FILL, RAM_BASE_MIN, this.memory.ramBase);
    this.#bytes.fill(FILL, this.memory.ramBase + size);
    this.renew();
    this.#below = Buffer.from(this.#bytes.subarray(0, VCPU));
    this.#between = Buffer.from(this.#bytes.subarray(VCPU_END, CODE_PAGES));
  }

  get vcpu(): SoftwareVcpu {
    return this.#board.vcpu;
  }

  /** New chips around empty RAM. */
  renew(): void {
    this.#time = 0;
    const nothing = () => {};
    // Time passes with every look at the clock, always the same.
    const clock = new HostClock(() => (this.#time += 250));
    this.#board = new Board(this.memory, clock, {
      serial: nothing,
      debug: nothing,
      powerOff: nothing,
      reset: nothing,
      debugExit: nothing,
      commandStatus: nothing,
      userspace: nothing,
    });
    this.ram.fill(0);
    this.vcpu.kernel.create(VCPU, this.memory.ramBase, this.low, this.high);
  }

  /** Guest RAM. */
  get ram(): Buffer {
    return this.#bytes.subarray(this.memory.ramBase, this.memory.ramBase + this.memory.size);
  }

  /** Run a slice; it must end, by its budget. */
  run(budget: number): VcpuExit {
    const before = this.vcpu.instructions;
    this.vcpu.attend();
    const exit = this.vcpu.run(budget);
    const executed = this.vcpu.instructions - before;
    if (executed < 0 || executed > budget + OVERRUN)
      throw new Error(`${executed} instructions of a budget of ${budget}`);
    return exit;
  }

  /** Throws when anything changed that is not the guest's. */
  inspect(): void {
    this.#same(0, this.#below, 'below the vCPU');
    this.#same(VCPU_END, this.#between, 'behind the vCPU');
    this.#filled(RAM_BASE_MIN, this.memory.ramBase, 'below RAM');
    this.#filled(this.memory.ramBase + this.memory.size, this.#bytes.length, 'above RAM');
    this.#checkVcpu();
    this.#checkTlb();
    this.#checkCode();
  }

  #same(at: number, copy: Buffer, what: string): void {
    if (copy.equals(this.#bytes.subarray(at, at + copy.length))) return;
    const offset = copy.findIndex((byte, i) => byte !== this.#bytes[at + i]);
    throw new Error(`linear memory changed ${what}, at 0x${(at + offset).toString(16)}`);
  }

  #filled(from: number, to: number, what: string): void {
    const area = this.#bytes.subarray(from, to);
    // Equal to itself moved by a byte, and the first is right: all are.
    if (area.length === 0 || (area[0] === FILL && area.subarray(1).equals(area.subarray(0, -1)))) return;
    throw new Error(
      `linear memory changed ${what}, at 0x${(from + area.findIndex((byte) => byte !== FILL)).toString(16)}`,
    );
  }

  #word(offset: number): number {
    return this.#bytes.readUInt32LE(VCPU + offset);
  }

  #checkVcpu(): void {
    const fixed: [number, number, string][] = [
      [layout.RAM_BASE, this.memory.ramBase, 'RAM_BASE'],
      [layout.RAM_LOW, this.low, 'RAM_LOW'],
      [layout.RAM_HIGH, this.high, 'RAM_HIGH'],
      [layout.ZERO, 0, 'ZERO'],
      [layout.ZERO + 4, 0, 'ZERO'],
    ];
    for (const [offset, value, name] of fixed) {
      if (this.#word(offset) !== value) throw new Error(`${name} is ${this.#word(offset).toString(16)}`);
    }
    if (this.#word(layout.CPL) > 3) throw new Error('CPL above 3');
    if (this.#word(layout.TLB_LOG_COUNT) > 2 * layout.TLB_ENTRIES) throw new Error('the TLB log overflowed');
    const tlb = this.#word(layout.CPL) === 3 ? layout.TLB + layout.TLB_BYTES : layout.TLB;
    if (this.#word(layout.TLB_NOW) !== VCPU + tlb) throw new Error('TLB_NOW is not that of the privilege level');
  }

  /** What a TLB entry leads to is a page of RAM; what may be stored through it bears no code. */
  #checkTlb(): void {
    const { ramBase, size } = this.memory;
    const words = new Uint32Array(this.memory.memory.buffer, VCPU + layout.TLB, (2 * layout.TLB_BYTES) / 4);
    for (let i = 0; i < 2 * layout.TLB_ENTRIES; i++) {
      const entry = (i * layout.TLB_ENTRY) / 4;
      for (const which of [layout.TLB_READ, layout.TLB_WRITE, layout.TLB_EXECUTE]) {
        // Addresses are linear-memory addresses modulo 2^32: the lower halves tell.
        const tag = words[entry + which / 4]!;
        if (tag === layout.TLB_NONE) continue;
        const page = (tag + words[entry + layout.TLB_ADDEND / 4]!) >>> 0;
        if (page % PAGE !== 0 || page < ramBase || page >= ramBase + size)
          throw new Error(`TLB entry ${i} leads to 0x${page.toString(16)}`);
        if (which === layout.TLB_WRITE && this.#bytes.readUInt32LE(CODE_PAGES + ((page - ramBase) >> 12) * 4) !== 0) {
          throw new Error(`TLB entry ${i} lets code be overwritten`);
        }
      }
    }
  }

  /** Records of decoded pages exist for RAM only and lie in the arena. */
  #checkCode(): void {
    const pages = this.memory.size / PAGE;
    const next = this.#word(layout.ARENA_NEXT);
    if (next < CODE_ARENA || next > CODE_ARENA_END) throw new Error('the code arena is left');
    for (let i = 0; i < pages; i++) {
      const record = this.#bytes.readUInt32LE(CODE_PAGES + i * 4);
      if (record !== 0 && (record < CODE_ARENA || record >= next))
        throw new Error(`page ${i}: record at 0x${record.toString(16)}`);
    }
    const rest = this.#bytes.subarray(CODE_PAGES + pages * 4, CODE_ARENA);
    if (!rest.equals(NO_RECORDS.subarray(0, rest.length)))
      throw new Error('there is a code record for a page that is not RAM');
    for (let i = 0; i < layout.JUMP_ENTRIES; i++) {
      const op = this.#bytes.readUInt32LE(VCPU + layout.JUMP_CACHE + i * 16 + 12);
      if (op !== 0 && (op < CODE_ARENA || op >= CODE_ARENA_END))
        throw new Error(`jump cache entry ${i}: 0x${op.toString(16)}`);
    }
  }
}
