// Attacks that a clever guest would try, one by one: accesses over the end of RAM, structures that wrap around an address
// space, stale links into decoded code, tables that are code that is stack.

import { beforeEach, describe, expect, test } from 'vitest';
import { Assembler, type Bits } from '../privileged/assemble.ts';
import { Fortress } from './fortress.ts';

const SIZE = 2 * 2 ** 20 + 5 * 0x1000;
const END = SIZE;
const CODE = 0x1000;
const CR4_OSFXSR = 0x600n;

const fortress = new Fortress({ size: SIZE });
beforeEach(() => {
  fortress.renew();
});

function assemble(bits: Bits, build: (asm: Assembler) => unknown, origin = CODE): void {
  const asm = new Assembler(bits, origin);
  build(asm);
  fortress.memory.write(origin, asm.assemble());
}

/** Flat 32-bit protected mode, paging off: guest addresses are physical ones. No IDT: an exception ends it by shutdown. */
function flat(): void {
  const { registers } = fortress.vcpu;
  for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const) {
    registers.setSegment(name, { selector: 0x10, base: 0n, limit: 0xffffffff, attributes: 0xc093 });
  }
  registers.setSegment('cs', { selector: 8, base: 0n, limit: 0xffffffff, attributes: 0xc09b });
  registers.setTable('idt', 0n, 0);
  registers.set('cr0', 0x11n);
  registers.set('cr4', CR4_OSFXSR);
  registers.set('rip', BigInt(CODE));
  registers.set('rsp', 0x8000n);
  fortress.vcpu.sync();
}

/** 64-bit mode with the first 2 MiB mapped, and the page at 1 GiB and those after it to what `frames` says. */
function long(...frames: number[]): void {
  flat();
  const { registers } = fortress.vcpu;
  const put = (at: number, value: bigint) => fortress.ram.writeBigUInt64LE(value, at);
  put(0x10000, 0x11003n);
  put(0x11000, 0x12003n);
  put(0x11008, 0x13003n);
  put(0x12000, 0x83n);
  put(0x13000, 0x14003n);
  for (const [i, frame] of frames.entries()) put(0x14000 + i * 8, BigInt(frame) | 3n);
  registers.setSegment('cs', { selector: 8, base: 0n, limit: 0xffffffff, attributes: 0xa09b });
  registers.set('cr0', 0x80010011n);
  registers.set('cr3', 0x10000n);
  registers.set('cr4', CR4_OSFXSR | 0x20n);
  registers.set('efer', 0x500n);
  fortress.vcpu.sync();
}

const PAGE = 0x40000000;

/** Every way to store, to the address in EBX (RBX); EDI is the same address. */
const STORES: [string, number, number[]][] = [
  ['mov byte', 1, [0x88, 0x03]],
  ['mov word', 2, [0x66, 0x89, 0x03]],
  ['mov dword', 4, [0x89, 0x03]],
  ['add dword', 4, [0x01, 0x03]],
  ['xchg', 4, [0x87, 0x03]],
  ['lock cmpxchg', 4, [0xf0, 0x0f, 0xb1, 0x0b]],
  ['cmpxchg8b', 8, [0x0f, 0xc7, 0x0b]],
  ['fst m64', 8, [0xdd, 0x13]],
  ['fstp m80', 10, [0xdb, 0x3b]],
  ['fbstp', 10, [0xdf, 0x33]],
  ['fnstenv', 28, [0xd9, 0x33]],
  ['fnsave', 108, [0xdd, 0x33]],
  ['fxsave', 512, [0x0f, 0xae, 0x03]],
  ['movups', 16, [0x0f, 0x11, 0x03]],
  ['movq mmx', 8, [0x0f, 0x7f, 0x03]],
  ['maskmovdqu', 16, [0x66, 0x0f, 0xf7, 0xc0]],
  ['sgdt', 6, [0x0f, 0x01, 0x03]],
  ['bts', 4, [0x0f, 0xab, 0x03]],
  ['shld', 4, [0x0f, 0xa4, 0x03, 0x05]],
  ['stos', 4, [0xab]],
  ['rep stosb', 4096, [0xb9, 0x00, 0x10, 0x00, 0x00, 0xf3, 0xaa]],
  ['rep movsd', 4096, [0xb9, 0x00, 0x04, 0x00, 0x00, 0xf3, 0xa5]],
  ['insd', 4, [0x6d]],
  ['pop m', 4, [0x8f, 0x03]],
  ['set', 1, [0x0f, 0x94, 0x03]],
  ['movnti', 4, [0x0f, 0xc3, 0x03]],
  ['mov m, seg', 2, [0x8c, 0x1b]],
];

describe('stores over the end of RAM', () => {
  test.each(STORES)('%s', (_name, size, code) => {
    for (const at of [
      END - size,
      END - size + 1,
      END - 1,
      END - Math.ceil(size / 2),
      END,
      END + 1,
      END - 16,
      END - 4,
    ]) {
      fortress.renew();
      flat();
      const { registers } = fortress.vcpu;
      for (const name of ['rbx', 'rdi'] as const) registers.set(name, BigInt(at));
      registers.set('rsi', 0x100000n);
      registers.set('rdx', 0xe9n);
      assemble(32, (asm) => asm.bytes(...code).hlt());
      fortress.run(20_000);
      fortress.inspect();
    }
  });

  test.each(STORES)(
    '%s, over the end of a page that is the last, the next being the first again',
    (_name, size, code) => {
      for (const over of [1, Math.ceil(size / 2), size - 1]) {
        fortress.renew();
        // The target page, and others behind it, all the last of RAM; then one that is no RAM.
        long(END - 0x1000, END - 0x1000, 0xd0000000);
        const { registers } = fortress.vcpu;
        for (const name of ['rbx', 'rdi'] as const) registers.set(name, BigInt(PAGE + 0x1000 - size + over));
        registers.set('rsi', BigInt(PAGE + 0x800));
        registers.set('rdx', 0xe9n);
        assemble(64, (asm) => asm.bytes(...code).hlt());
        fortress.run(20_000);
        fortress.inspect();
      }
    },
  );

  test('the wrap of 32-bit addresses', () => {
    for (const [, , code] of STORES) {
      fortress.renew();
      flat();
      for (const name of ['rbx', 'rdi'] as const) fortress.vcpu.registers.set(name, 0xfffffffen);
      fortress.vcpu.registers.set('rdx', 0xe9n);
      assemble(32, (asm) => asm.bytes(...code).hlt());
      fortress.run(20_000);
      fortress.inspect();
    }
  });
});

describe('the end of RAM as code', () => {
  test('instructions cut off by it are #UD there, not read from behind', () => {
    for (const tail of [[0x90], [0xb8], [0xb8, 1, 2, 3], [0x66], [0x0f], [0x81, 0x05, 0, 0], [0xeb], [0xe8, 0, 0]]) {
      fortress.renew();
      flat();
      fortress.memory.write(END - tail.length, Uint8Array.from(tail));
      fortress.vcpu.registers.set('rip', BigInt(END - tail.length));
      expect(fortress.run(100)).toBe('shutdown');
      fortress.inspect();
    }
  });

  test('code decoded at the last byte, over and over', () => {
    flat();
    // jmp from the last two bytes back to code that jumps there.
    fortress.memory.write(END - 2, Uint8Array.of(0xeb, 0xf0));
    fortress.memory.write(END - 16, Uint8Array.of(0xeb, 0x0c));
    fortress.vcpu.registers.set('rip', BigInt(END - 2));
    expect(fortress.run(10_000)).toBe('slice');
    fortress.inspect();
  });
});

describe('structures that wrap', () => {
  test.each([
    ['IDT at the end of 32 bits', 'idt', 0xfffffff0n],
    ['IDT at the end of RAM', 'idt', BigInt(END - 4)],
    ['GDT at the end of 32 bits', 'gdt', 0xfffffffcn],
    ['GDT at the end of RAM', 'gdt', BigInt(END - 4)],
    ['GDT over devices', 'gdt', 0xfec00000n],
  ] as const)('%s', (_name, table, base) => {
    flat();
    fortress.vcpu.registers.setTable(table, base, 0xffff);
    for (let i = 0; i < 0x1000; i += 4) fortress.ram.writeUInt32LE(0xcf9b0008, i);
    assemble(32, (asm) => asm.movi('a', 8).movToSeg('ds', 'a').int(1).callFar(0x0, 0).ud2());
    fortress.run(1000);
    fortress.inspect();
  });

  test('a TSS at the end of the address space, and at the end of RAM', () => {
    for (const base of [0xffffffe0n, BigInt(END - 0x20), 0xfee00000n]) {
      for (const attributes of [0x8b, 0x83]) {
        fortress.renew();
        flat();
        const { registers } = fortress.vcpu;
        registers.setSegment('tr', { selector: 0x18, base, limit: 0xffffffff, attributes });
        registers.setTable('gdt', 0x3000n, 0xffff);
        fortress.ram.writeBigUInt64LE(0x008f_8900_0000_ffffn, 0x3020);
        registers.setTable('idt', 0x4000n, 0x7ff);
        for (let i = 0; i < 256; i++) fortress.ram.writeBigUInt64LE(0x0000_8500_0020_0000n, 0x4000 + i * 8);
        assemble(32, (asm) => asm.int(3).jmpFarTo(0x20).ud2());
        fortress.run(1000);
        fortress.inspect();
      }
    }
  });

  test('the I/O bitmap at the end of everything', () => {
    for (const base of [0xffffff00n, BigInt(END - 0x68), 0n]) {
      for (const limit of [0x67, 0x68, 0x69, 0xffffffff]) {
        fortress.renew();
        flat();
        const { registers } = fortress.vcpu;
        registers.setSegment('tr', { selector: 0x18, base, limit, attributes: 0x8b });
        for (const port of [0, 7, 8, 0xfffc, 0xffff]) {
          registers.setWord(0xa18, 3);
          registers.set('rdx', BigInt(port));
          registers.set('rip', BigInt(CODE));
          fortress.vcpu.sync();
          assemble(32, (asm) => asm.bytes(0xef, 0xed, 0x66, 0xef, 0xee).hlt());
          fortress.run(100);
        }
        fortress.inspect();
      }
    }
  });

  test('interrupt stacks anywhere', () => {
    for (const rsp of [
      0n,
      8n,
      0x800000000000n,
      0xffff800000000000n,
      0xffffffffffffffffn,
      BigInt(PAGE),
      BigInt(PAGE + 0x1001),
      0x10028n,
      0x14008n,
    ]) {
      for (let ist = 0; ist < 2; ist++) {
        fortress.renew();
        long(END - 0x1000);
        const { registers } = fortress.vcpu;
        registers.setTable('gdt', 0x3000n, 0xff);
        registers.setTable('idt', 0x4000n, 0xfff);
        fortress.ram.writeBigUInt64LE(0x00af9b000000ffffn, 0x3008);
        for (let i = 0; i < 256; i++)
          fortress.ram.writeBigUInt64LE(0x0000_8e00_0008_1000n | (BigInt(ist) << 32n), 0x4000 + i * 16);
        registers.setSegment('tr', { selector: 0x18, base: 0x5000n, limit: 0x67, attributes: 0x8b });
        for (let at = 4; at < 0x60; at += 8) fortress.ram.writeBigUInt64LE(rsp, 0x5000 + at);
        registers.set('rsp', rsp);
        assemble(64, (asm) => asm.ud2());
        for (let i = 0; i < 5; i++) fortress.run(1000);
        fortress.inspect();
      }
    }
  });
});

describe('aliases', () => {
  test('a page that is its own page table, its own stack and its own code', () => {
    // CR3 → 0x10000, whose first entry points to itself at every level: the page at 0 is the PML4.
    flat();
    const { registers } = fortress.vcpu;
    fortress.ram.writeBigUInt64LE(0x10003n, 0x10000);
    registers.setSegment('cs', { selector: 8, base: 0n, limit: 0xffffffff, attributes: 0xa09b });
    registers.set('cr3', 0x10000n);
    registers.set('cr4', 0x20n);
    registers.set('efer', 0x500n);
    registers.set('cr0', 0x80000011n);
    registers.set('rip', 0x100n);
    registers.set('rsp', 0x1000n);
    fortress.vcpu.sync();
    const asm = new Assembler(64, 0x100);
    // Map one more page at a time by pushing entries, to RAM's last page and beyond it.
    asm
      .movi('a', END - 0x1000 + 3)
      .label('loop')
      .push('a')
      .alui('add', 'a', 0x1000)
      .bytes(0x0f, 0x01, 0x38)
      .loadAt('b', 'a')
      .jmp('loop');
    fortress.memory.write(0x10100, asm.assemble());
    for (let i = 0; i < 10; i++) fortress.run(1000);
    fortress.inspect();
  });

  test('a store through a warm translation to a page that becomes code meanwhile', () => {
    long(0x20000, 0x20000);
    const { registers } = fortress.vcpu;
    registers.set('rbx', BigInt(PAGE + 0x10));
    // Write the function through one alias, call it through the other; rewrite, call again, many times.
    assemble(64, (asm) =>
      asm
        .movi('si', 0)
        .movi('c', 500)
        .label('loop')
        .bytes(0xc7, 0x03)
        .imm(0xc3c6ff48, 4)
        .movi('a', PAGE + 0x1010)
        .bytes(0xff, 0xd0)
        .bytes(0xc7, 0x03)
        .imm(0xc3c7ff48, 4)
        .bytes(0xff, 0xd0)
        .bytes(0x48, 0xff, 0xc9)
        .jcc('ne', 'loop')
        .hlt(),
    );
    expect(fortress.run(50_000)).toMatch(/halt/);
    expect([registers.get('rsi'), registers.get('rdi')]).toEqual([500n, 500n]);
    fortress.inspect();
  });

  test('decoded code beyond the arena is dropped whole, and the guest goes on', () => {
    flat();
    const { registers } = fortress.vcpu;
    // 500 pages of 2-byte jumps, each run with another decode mode (by SS.B) again: some 35 MB of records and operations.
    fortress.ram.fill(0x90, 0x20000, 0x200000);
    for (let page = 0x20000; page < 0x200000; page += 0x1000) {
      fortress.ram[page] = 0xe9;
      fortress.ram.writeInt32LE(page + 0x1000 < 0x200000 ? 0x1000 - 5 : 0x20000 - page - 5, page + 1);
    }
    registers.set('rip', 0x20000n);
    const drops = () => registers.word(0xa5c);
    const before = drops();
    for (let round = 0; round < 40 && drops() < before + 2; round++) {
      // A new base of CS forgets nothing of the records, but another mode makes new ones.
      registers.setSegment('ss', {
        selector: 0x10,
        base: 0n,
        limit: 0xffffffff,
        attributes: round & 1 ? 0x8093 : 0xc093,
      });
      registers.setSegment('ds', { selector: 0x10, base: BigInt(round & 2), limit: 0xffffffff, attributes: 0xc093 });
      registers.setSegment('cs', { selector: 8, base: 0n, limit: 0xffffffff, attributes: round & 4 ? 0x809b : 0xc09b });
      registers.set('rip', 0x20000n);
      fortress.vcpu.sync();
      fortress.run(2000);
      // Device writes drop pages and make the next round decode them anew.
      for (let page = 0x20000; page < 0x200000; page += 0x1000) fortress.memory.write(page, Uint8Array.of(0xe9));
    }
    fortress.inspect();
    expect(drops()).toBeGreaterThan(before);
  });

  test('INVLPG and refills without end', () => {
    long(0x20000, 0x21000);
    // Fill, forget, fill: the log of filled entries must not grow.
    assemble(64, (asm) => asm.movi('b', PAGE).label('loop').loadAt('a', 'b').bytes(0x0f, 0x01, 0x3b).jmp('loop'));
    for (let i = 0; i < 20; i++) expect(fortress.run(10_000)).toBe('slice');
    fortress.inspect();
  });

  test('every set of the TLB filled many times over', () => {
    long(...Array.from({ length: 512 }, (_, i) => (i * 0x1000) % SIZE));
    fortress.ram.writeBigUInt64LE(0x13003n, 0x11010);
    for (let i = 1; i < 512; i++) fortress.ram.writeBigUInt64LE(0x14003n, 0x13000 + i * 8);
    assemble(64, (asm) =>
      asm.movi('c', PAGE).label('loop').bytes(0x48, 0x8b, 0x01).alui('add', 'c', 0x1000).jmp('loop'),
    );
    for (let i = 0; i < 20; i++) fortress.run(20_000);
    fortress.inspect();
  });
});

describe('devices', () => {
  test('every port with every width, from 64-bit code', () => {
    flat();
    assemble(32, (asm) =>
      asm
        .movi('d', 0)
        .movi('a', 0x12345678)
        .label('loop')
        .bytes(0xec, 0x66, 0xed, 0xed)
        .bytes(0x42)
        .alui('cmp', 'd', 0x10000)
        .jcc('ne', 'loop')
        .hlt(),
    );
    for (let i = 0; i < 100; i++) if (fortress.run(10_000) !== 'slice') break;
    fortress.inspect();
    // Writes, with values that change.
    fortress.renew();
    flat();
    assemble(32, (asm) =>
      asm
        .movi('d', 0)
        .movi('b', 0)
        .label('loop')
        .bytes(0x69, 0xc3)
        .imm(0x9e3779b1, 4)
        .bytes(0xee, 0x66, 0xef, 0xef)
        .inc('b')
        .alui('add', 'd', 1)
        .bytes(0x66, 0x85, 0xd2)
        .jcc('ne', 'loop')
        .hlt(),
    );
    for (let i = 0; i < 100; i++) if (fortress.run(10_000) !== 'slice') break;
    fortress.inspect();
  });

  test('every register of the APICs with every width and odd offsets', () => {
    for (const base of [0xfec00000, 0xfee00000]) {
      fortress.renew();
      flat();
      fortress.vcpu.registers.set('rbx', BigInt(base));
      assemble(32, (asm) =>
        asm
          .movi('c', 0x1100)
          .label('loop')
          .bytes(0x69, 0xc1)
          .imm(0x9e3779b1, 4)
          .bytes(0x88, 0x03, 0x66, 0x89, 0x03, 0x89, 0x03, 0x8a, 0x03, 0x66, 0x8b, 0x03, 0x8b, 0x03)
          .bytes(0x0f, 0x11, 0x03)
          .bytes(0x01, 0x03)
          .inc('b')
          .bytes(0x49)
          .jcc('ne', 'loop')
          .hlt(),
      );
      for (let i = 0; i < 30; i++) if (fortress.run(10_000) !== 'slice') break;
      fortress.inspect();
    }
  });

  test('kvmclock pages at the end of RAM, across it and outside', () => {
    for (const at of [END - 32 + 1, END - 4 + 1, END - 3, END + 1, 0xfee00001, 0x3000 - 4 + 1]) {
      for (const msr of [0x4b564d00, 0x4b564d01]) {
        fortress.renew();
        flat();
        assemble(32, (asm) => asm.setMsr(msr, BigInt(at)).setMsr(0x10, 5n).hlt());
        fortress.run(100);
        fortress.inspect();
      }
    }
  });
});
