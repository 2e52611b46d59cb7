// Pages that are several things at once, and what the CPU remembers of them: stale translations and links into decoded code.

import { beforeEach, describe, expect, test } from 'vitest';
import { Assembler } from '../privileged/assemble.ts';
import { Attacker, END, PAGE } from './attacker.ts';

const fortress = new Attacker();
beforeEach(() => {
  fortress.renew();
});

describe('aliases', () => {
  test('a page that is its own page table, its own stack and its own code', () => {
    // CR3 → 0x10000, whose first entry points to itself at every level: the page at 0 is the PML4.
    fortress.flat();
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
    fortress.long(0x20000, 0x20000);
    const { registers } = fortress.vcpu;
    registers.set('rbx', BigInt(PAGE + 0x10));
    // Write the function through one alias, call it through the other; rewrite, call again, many times.
    fortress.assemble(64, (asm) =>
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
    fortress.flat();
    const { registers } = fortress.vcpu;
    // 480 pages of NOPs, every one of them an operation, run again in other decode modes: some 60 MB a round.
    fortress.ram.fill(0x90, 0x20000, 0x200000);
    fortress.ram[0x200000 - 5] = 0xe9;
    fortress.ram.writeInt32LE(0x20000 - 0x200000, 0x200000 - 4);
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
      fortress.run(0x200000);
      // Device writes drop pages and make the next round decode them anew.
      for (let page = 0x20000; page < 0x200000; page += 0x1000) fortress.memory.write(page, Uint8Array.of(0x90));
    }
    fortress.inspect();
    expect(drops()).toBeGreaterThan(before);
  });

  test('INVLPG and refills without end', () => {
    fortress.long(0x20000, 0x21000);
    // Fill, forget, fill: the log of filled entries must not grow.
    fortress.assemble(64, (asm) =>
      asm.movi('b', PAGE).label('loop').loadAt('a', 'b').bytes(0x0f, 0x01, 0x3b).jmp('loop'),
    );
    for (let i = 0; i < 20; i++) expect(fortress.run(10_000)).toBe('slice');
    fortress.inspect();
  });

  test('every set of the TLB filled many times over', () => {
    fortress.long(...Array.from({ length: 512 }, (_, i) => (i * 0x1000) % END));
    fortress.ram.writeBigUInt64LE(0x13003n, 0x11010);
    for (let i = 1; i < 512; i++) fortress.ram.writeBigUInt64LE(0x14003n, 0x13000 + i * 8);
    fortress.assemble(64, (asm) =>
      asm.movi('c', PAGE).label('loop').bytes(0x48, 0x8b, 0x01).alui('add', 'c', 0x1000).jmp('loop'),
    );
    for (let i = 0; i < 20; i++) fortress.run(20_000);
    fortress.inspect();
  });
});
