// Hostile guests at random: memory full of instructions that reach far, page tables that point anywhere, descriptors and
// registers that are nearly good. Nearly, because what faults at once gets nowhere.

import * as layout from '@vizor/asm/layout/cpu';
import { VCPU } from '@vizor/asm/layout/memory';
import type { GeneralRegister, SegmentName } from '@vizor/cpu';
import { ACCESS, FLAG, gateDescriptor, segmentDescriptor, TYPE } from '../privileged/descriptors.ts';
import type { Fortress } from './fortress.ts';
import { fillWithCode } from './instructions.ts';
import type { Random } from './random.ts';

export const MODES = ['real', 'v86', 'protected16', 'protected32', 'legacy', 'pae', 'compatibility', 'long'] as const;
export type Mode = (typeof MODES)[number];

const GENERAL: readonly GeneralRegister[] = [
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
];
const DATA_SEGMENTS: readonly SegmentName[] = ['es', 'ss', 'ds', 'fs', 'gs'];

/** Where the guest's structures lie: all in the first 128 KiB, code and all. */
const AT = Object.freeze({
  GDT: 0x1000,
  IDT: 0x2000,
  TSS: 0x3000,
  TABLES: 0x8000,
  TABLES_END: 0x10000,
  CODE: 0x10000,
  CODE_END: 0x1c000,
  STACK: 0x1f000,
});

/** Exceptions that a bad stack raises: their handlers get stacks of their own. */
const FATAL = new Set([8, 10, 11, 12, 13, 14]);

/** MSRs worth a write, with values worth it. */
const MSRS = [
  0x1b, 0x10, 0x6e0, 0x174, 0x175, 0x176, 0x277, 0x2ff, 0x200, 0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083,
  0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0x4b564d00, 0x4b564d01, 0x80b, 0x80f, 0x830, 0x832, 0x838, 0x83f,
];
const PORTS = [
  0x20, 0x21, 0xa0, 0xa1, 0x40, 0x42, 0x43, 0x61, 0x64, 0x60, 0x70, 0x71, 0x92, 0xcf9, 0x3f8, 0x3fb, 0x3f9, 0xe9, 0xf4,
  0x600, 0x604, 0xb2,
];

export class HostileGuest {
  readonly #fortress: Fortress;
  readonly #random: Random;
  readonly #mode: Mode;
  readonly #user: boolean;

  constructor(fortress: Fortress, random: Random, mode: Mode, user: boolean) {
    this.#fortress = fortress;
    this.#random = random;
    this.#mode = mode;
    this.#user = user || mode === 'v86';
  }

  /** Fill memory. */
  build(): void {
    const { ram } = this.#fortress;
    const random = this.#random;
    for (let at = 0; at < AT.CODE; at += 4) ram.writeUInt32LE(random.u32(), at);
    this.#descriptors();
    this.#pageTables();
    fillWithCode(ram, random, AT.CODE, AT.CODE_END);
    // The last pages of RAM hold code, too, up to the last byte.
    fillWithCode(ram, random, ram.length - 0x1800, ram.length);
    if (this.#fortress.high > 0) fillWithCode(ram, random, this.#fortress.low - 0x800, this.#fortress.low);
  }

  /** Registers at random, in the guest's mode: a start, or a new one after the guest came to its end. */
  start(): void {
    const random = this.#random;
    const { registers, kernel } = this.#fortress.vcpu;
    for (const name of GENERAL) registers.set(name, this.#value());
    // A stack that holds lets the guest live longer.
    if (!random.once(4)) registers.set('rsp', BigInt(AT.STACK));
    if (random.once(2)) registers.set('rcx', BigInt(random.pick(MSRS)));
    if (random.once(3)) registers.set('rdx', BigInt(random.pick(PORTS)));
    for (const name of DATA_SEGMENTS) this.#segment(name);
    const long = this.#mode === 'long' || this.#mode === 'compatibility';
    const real = this.#mode === 'real' || this.#mode === 'v86';
    const wide = !real && this.#mode !== 'protected16';
    const dpl = this.#user ? 0x60 : 0;
    const codeBase = wide ? 0n : BigInt(AT.CODE);
    const attributes = (this.#mode === 'long' ? 0xa09b : wide ? 0xc09b : 0x009b) | dpl;
    const limit = wide ? 0xffffffff : 0xffff;
    registers.setSegment('cs', {
      selector: real ? AT.CODE >> 4 : 0x08 | (this.#user ? 3 : 0),
      base: codeBase,
      limit,
      attributes,
    });
    const tssLimit = random.pick([0x67, 0x66, 0x68, 0x2067, 0x10, 0xffffffff]);
    registers.setSegment('tr', {
      selector: 0x48,
      base: random.once(8) ? this.#address() : BigInt(AT.TSS),
      limit: tssLimit,
      attributes: 0x8b,
    });
    registers.setSegment('ldtr', { selector: 0x50, base: BigInt(AT.GDT), limit: 0xff, attributes: 0x82 });
    registers.setTable('gdt', random.once(24) ? this.#address() : BigInt(AT.GDT), random.pick([0xfff, 0xffff, 0x57]));
    registers.setTable(
      'idt',
      random.once(24) ? this.#address() : BigInt(AT.IDT),
      random.pick([0xfff, 0xfff, 0x7ff, 0xffff]),
    );
    const paging = long || this.#mode === 'legacy' || this.#mode === 'pae' || (this.#mode === 'v86' && random.once(2));
    const pae = long || this.#mode === 'pae';
    registers.set(
      'cr0',
      (this.#mode === 'real' ? 0x10n : 0x11n) | (paging ? 0x80000000n : 0n) | (random.once(2) ? 0x10000n : 0n),
    );
    registers.set('cr4', (pae ? 0x20n : 0n) | (random.once(2) ? 0x210n : 0x690n) | (random.once(8) ? 0x100000n : 0n));
    registers.set('efer', (long ? 0x500n : 0n) | (random.once(2) ? 0x801n : 1n));
    registers.set('cr3', random.once(24) ? this.#address() & 0xfffffff000n : BigInt(AT.TABLES));
    const flags = (random.u32() & 0x3ed5 & ~(random.once(10) ? 0 : 0x100)) | (this.#mode === 'v86' ? 0x23002 : 2);
    kernel.setFlags(VCPU, flags);
    registers.setWord(layout.CPL, this.#user ? 3 : 0);
    registers.setWord(layout.HALTED, 0);
    registers.setWord(layout.SHADOW, 0);
    for (const msr of [layout.MSR_LSTAR, layout.MSR_CSTAR, layout.MSR_SYSENTER_EIP])
      registers.setQuad(msr, this.#codeAddress());
    registers.setQuad(layout.MSR_STAR, 0x0010000800000000n | BigInt(AT.CODE));
    registers.setQuad(layout.MSR_SYSENTER_CS, 8n);
    if (random.once(10)) {
      registers.setQuad(layout.DR + 8 * random.below(4), this.#address());
      registers.setQuad(layout.DR + 56, BigInt(random.u32()) | 0x400n);
    } else registers.setQuad(layout.DR + 56, 0x400n);
    registers.set('rip', wide ? this.#codeAddress() : BigInt(random.below(AT.CODE_END - AT.CODE) & 0xffff));
    this.#fortress.vcpu.setA20(!random.once(10));
    this.#fortress.vcpu.sync();
  }

  /** Things that come from outside while the guest runs. */
  disturb(): void {
    const random = this.#random;
    const { vcpu } = this.#fortress;
    const kind = random.below(6);
    if (kind === 0) vcpu.setIntr(random.once(2));
    else if (kind === 1) vcpu.pulseNmi();
    else if (kind === 2) {
      const destination = random.pick([0, 0xff, 3]);
      vcpu.deliverApic(destination, random.once(2), random.below(8), random.below(256), random.once(2));
    } else if (kind === 3) {
      // A device writes into code.
      const at = AT.CODE + random.below(AT.CODE_END - AT.CODE - 64);
      this.#fortress.memory.write(
        at,
        Uint8Array.from({ length: 1 + random.below(64) }, () => random.u32()),
      );
    }
  }

  /** An address near an edge of something. */
  #address(): bigint {
    const random = this.#random;
    const { low, high } = this.#fortress;
    const edges = [
      0,
      0x1000,
      low,
      low - 0x1000,
      low - 512,
      0x100000,
      0xa0000,
      0xc0000000,
      0xfec00000,
      0xfee00000,
      0xffffffff,
      0x100000000,
      0x100000000 + high,
      0x7fffffff,
      0x80000000,
      AT.CODE,
      AT.TABLES,
      AT.GDT,
      AT.IDT,
      AT.TSS,
      2 ** 32 - 0x1000,
      2 ** 40,
      0x800000000000,
    ];
    const edge =
      BigInt(random.pick(edges)) + BigInt(random.pick([0, 0, -1, 1, -2, -4, -8, -16, -512, 8, 0x7fc, -0x10, 0x123]));
    return BigInt.asUintN(64, random.once(12) ? edge | 0xffff800000000000n : edge);
  }

  #value(): bigint {
    const random = this.#random;
    switch (random.below(6)) {
      case 0:
        return random.u64();
      case 1:
        return BigInt(random.below(256));
      case 2:
        return BigInt(random.below(this.#fortress.memory.size));
      case 3:
        return this.#address();
      default:
        // The first 128 KiB: its own code, tables and stack.
        return BigInt(random.below(AT.STACK));
    }
  }

  #codeAddress(): bigint {
    const random = this.#random;
    const { ram } = this.#fortress;
    return BigInt(
      random.once(6)
        ? Math.min(ram.length, this.#fortress.low) - 1 - random.below(0x40)
        : AT.CODE + random.below(AT.CODE_END - AT.CODE),
    );
  }

  #segment(name: SegmentName): void {
    const random = this.#random;
    const { registers } = this.#fortress.vcpu;
    const flat = random.once(2) && this.#mode !== 'real' && this.#mode !== 'v86';
    const dpl = this.#user ? 0x60 : 0;
    if (flat) {
      registers.setSegment(name, { selector: 0x10, base: 0n, limit: 0xffffffff, attributes: 0xc093 | dpl });
      return;
    }
    // Real-mode limits of 4 GiB are "unreal mode".
    const base = random.once(4) ? BigInt.asUintN(32, this.#address()) : BigInt(random.below(0x10000) * 16);
    const limit = random.pick([0xffff, 0xffff, 0xffffffff, 0x1fffff, 0]);
    const type = this.#mode === 'real' || this.#mode === 'v86' ? 0x93 : random.pick([0x93, 0x93, 0x97, 0x91]);
    const big = random.once(2) ? 0x4000 : 0;
    registers.setSegment(name, { selector: random.below(0x60), base, limit, attributes: type | big | dpl });
  }

  #descriptors(): void {
    const random = this.#random;
    const { ram } = this.#fortress;
    const long = this.#mode === 'long' || this.#mode === 'compatibility';
    for (let selector = 8; selector < 0x1000; selector += 8) {
      if (random.once(4)) continue;
      const base = random.once(3) ? Number(BigInt.asUintN(32, this.#address())) : 0;
      const dpl = random.once(2) ? ACCESS.DPL3 : 0;
      const access =
        random.pick([
          ACCESS.DATA,
          ACCESS.CODE,
          ACCESS.CODE_CONFORMING,
          ACCESS.DATA_EXPAND_DOWN,
          0x82,
          0x89,
          0x81,
          0x8c,
          0x84,
          0x85,
        ]) | dpl;
      const flags = random.pick([FLAG.GRANULAR | FLAG.BIG, FLAG.GRANULAR | FLAG.LONG, FLAG.BIG, 0]);
      ram.writeBigUInt64LE(
        segmentDescriptor(base, random.pick([0xfffff, 0xffff, 0x67, 0]), access, flags),
        AT.GDT + selector,
      );
    }
    const code = long ? FLAG.GRANULAR | FLAG.LONG : FLAG.GRANULAR | FLAG.BIG;
    ram.writeBigUInt64LE(segmentDescriptor(0, 0xfffff, ACCESS.CODE, code), AT.GDT + 8);
    ram.writeBigUInt64LE(segmentDescriptor(0, 0xfffff, ACCESS.DATA, FLAG.GRANULAR | FLAG.BIG), AT.GDT + 0x10);
    ram.writeBigUInt64LE(segmentDescriptor(AT.TSS, 0x67, 0x8b, 0), AT.GDT + 0x48);
    ram.writeBigUInt64LE(0n, AT.GDT + 0x50);
    if (this.#mode === 'real') {
      for (let vector = 0; vector < 256; vector++)
        ram.writeUInt32LE(((AT.CODE >> 4) << 16) | random.below(0xc000), AT.IDT + vector * 4);
    } else {
      const size = long ? 16 : 8;
      for (let vector = 0; vector < 256; vector++) {
        const type = random.once(12) ? random.below(16) : random.pick([TYPE.INTERRUPT32, TYPE.TRAP32]);
        const selector = random.once(24) ? random.below(0x100) : 8;
        const gate = gateDescriptor({
          selector,
          offset: this.#codeAddress(),
          type,
          dpl: random.below(4),
          low: FATAL.has(vector) || random.once(3) ? 1 + random.below(7) : 0,
        });
        ram.writeBigUInt64LE(gate, AT.IDT + vector * size);
        if (long) ram.writeBigUInt64LE(random.once(20) ? random.u64() : 0n, AT.IDT + vector * 16 + 8);
      }
    }
    if (long) {
      for (let at = 4; at < 0x60; at += 8)
        ram.writeBigUInt64LE(random.once(6) ? this.#address() : BigInt(AT.STACK), AT.TSS + at);
    } else {
      for (let level = 0; level < 3; level++) {
        ram.writeUInt32LE(
          random.once(6) ? Number(BigInt.asUintN(32, this.#address())) : AT.STACK,
          AT.TSS + 4 + level * 8,
        );
        ram.writeUInt32LE(random.once(5) ? random.below(0x100) : 0x10, AT.TSS + 8 + level * 8);
      }
    }
    ram.writeUInt16LE(random.pick([0x68, 0xffff, 0x60, 0x67, 0]), AT.TSS + 0x66);
  }

  /** Eight table pages; any entry of any level may point to any of them, to RAM, or beyond. */
  #pageTables(): void {
    const random = this.#random;
    const { ram, low, high } = this.#fortress;
    const frame = (): bigint => {
      switch (random.below(8)) {
        case 0:
          return BigInt(AT.TABLES + random.below(8) * 0x1000);
        case 1:
          return BigInt(low - 0x1000);
        case 2:
          return BigInt(random.pick([low, 0xfee00000, 0xfec00000, 0xc0000000, 0x100000000 + high])) & ~0xfffn;
        case 3:
          return high > 0 ? 0x100000000n + BigInt(random.below(high / 0x1000)) * 0x1000n : random.u64() & 0xfffffff000n;
        default:
          return BigInt(random.below(low / 0x1000)) * 0x1000n;
      }
    };
    const legacy = this.#mode === 'legacy' || this.#mode === 'v86';
    const step = legacy ? 4 : 8;
    for (let at = AT.TABLES; at < AT.TABLES_END; at += step) {
      let entry =
        frame() |
        BigInt(random.pick([7, 7, 7, 3, 5, 1, 0x87, 0x107, 0x67])) |
        (random.once(16) ? random.u64() & 0xfffn : 0n);
      if (entry & 0x80n) entry &= legacy ? ~0x3ff000n : ~0x1ff000n;
      if (legacy) ram.writeUInt32LE(Number(BigInt.asUintN(32, entry)), at);
      else ram.writeBigUInt64LE(random.once(32) ? entry | (1n << 63n) : entry, at);
    }
    // The way to the first 2 (or 4) MiB is straight, mostly: code has to run.
    const page = (i: number, flags: number) => BigInt(AT.TABLES + i * 0x1000 + flags);
    if (legacy) {
      ram.writeUInt32LE(AT.TABLES + 0x1000 + 7, AT.TABLES);
      for (let i = 0; i < 64; i++)
        ram.writeUInt32LE(i * 0x1000 + (random.once(16) ? 5 : 7), AT.TABLES + 0x1000 + i * 4);
      return;
    }
    const levels = this.#mode === 'pae' ? [1, 7] : [7, 7, 7];
    for (const [i, flags] of levels.entries()) ram.writeBigUInt64LE(page(i + 1, flags), AT.TABLES + i * 0x1000);
    const leaf = AT.TABLES + levels.length * 0x1000;
    for (let i = 0; i < 64; i++) ram.writeBigUInt64LE(BigInt(i * 0x1000 + (random.once(16) ? 5 : 7)), leaf + i * 8);
  }
}
