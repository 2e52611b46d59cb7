// Descriptor tables, task state segments and stacks where none should be, and devices handled in every wrong way.

import { beforeEach, describe, test } from 'vitest';
import { Attacker, CODE, END, PAGE } from './attacker.ts';

const fortress = new Attacker();
beforeEach(() => {
  fortress.renew();
});

describe('structures that wrap', () => {
  test.each([
    ['IDT at the end of 32 bits', 'idt', 0xfffffff0n],
    ['IDT at the end of RAM', 'idt', BigInt(END - 4)],
    ['GDT at the end of 32 bits', 'gdt', 0xfffffffcn],
    ['GDT at the end of RAM', 'gdt', BigInt(END - 4)],
    ['GDT over devices', 'gdt', 0xfec00000n],
  ] as const)('%s', (_name, table, base) => {
    fortress.flat();
    fortress.vcpu.registers.setTable(table, base, 0xffff);
    for (let i = 0; i < 0x1000; i += 4) fortress.ram.writeUInt32LE(0xcf9b0008, i);
    fortress.assemble(32, (asm) => asm.movi('a', 8).movToSeg('ds', 'a').int(1).callFar(0x0, 0).ud2());
    fortress.run(1000);
    fortress.inspect();
  });

  test('a TSS at the end of the address space, and at the end of RAM', () => {
    for (const base of [0xffffffe0n, BigInt(END - 0x20), 0xfee00000n]) {
      for (const attributes of [0x8b, 0x83]) {
        fortress.renew();
        fortress.flat();
        const { registers } = fortress.vcpu;
        registers.setSegment('tr', { selector: 0x18, base, limit: 0xffffffff, attributes });
        registers.setTable('gdt', 0x3000n, 0xffff);
        fortress.ram.writeBigUInt64LE(0x008f_8900_0000_ffffn, 0x3020);
        registers.setTable('idt', 0x4000n, 0x7ff);
        for (let i = 0; i < 256; i++) fortress.ram.writeBigUInt64LE(0x0000_8500_0020_0000n, 0x4000 + i * 8);
        fortress.assemble(32, (asm) => asm.int(3).jmpFarTo(0x20).ud2());
        fortress.run(1000);
        fortress.inspect();
      }
    }
  });

  test('the I/O bitmap at the end of everything', () => {
    for (const base of [0xffffff00n, BigInt(END - 0x68), 0n]) {
      for (const limit of [0x67, 0x68, 0x69, 0xffffffff]) {
        fortress.renew();
        fortress.flat();
        const { registers } = fortress.vcpu;
        registers.setSegment('tr', { selector: 0x18, base, limit, attributes: 0x8b });
        for (const port of [0, 7, 8, 0xfffc, 0xffff]) {
          registers.setWord(0xa18, 3);
          registers.set('rdx', BigInt(port));
          registers.set('rip', BigInt(CODE));
          fortress.vcpu.sync();
          fortress.assemble(32, (asm) => asm.bytes(0xef, 0xed, 0x66, 0xef, 0xee).hlt());
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
        fortress.long(END - 0x1000);
        const { registers } = fortress.vcpu;
        registers.setTable('gdt', 0x3000n, 0xff);
        registers.setTable('idt', 0x4000n, 0xfff);
        fortress.ram.writeBigUInt64LE(0x00af9b000000ffffn, 0x3008);
        for (let i = 0; i < 256; i++)
          fortress.ram.writeBigUInt64LE(0x0000_8e00_0008_1000n | (BigInt(ist) << 32n), 0x4000 + i * 16);
        registers.setSegment('tr', { selector: 0x18, base: 0x5000n, limit: 0x67, attributes: 0x8b });
        for (let at = 4; at < 0x60; at += 8) fortress.ram.writeBigUInt64LE(rsp, 0x5000 + at);
        registers.set('rsp', rsp);
        fortress.assemble(64, (asm) => asm.ud2());
        for (let i = 0; i < 5; i++) fortress.run(1000);
        fortress.inspect();
      }
    }
  });
});

describe('devices', () => {
  test('every port with every width, from 64-bit code', () => {
    fortress.flat();
    fortress.assemble(32, (asm) =>
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
    fortress.flat();
    fortress.assemble(32, (asm) =>
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
      fortress.flat();
      fortress.vcpu.registers.set('rbx', BigInt(base));
      fortress.assemble(32, (asm) =>
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
        fortress.flat();
        fortress.assemble(32, (asm) => asm.setMsr(msr, BigInt(at)).setMsr(0x10, 5n).hlt());
        fortress.run(100);
        fortress.inspect();
      }
    }
  });
});
