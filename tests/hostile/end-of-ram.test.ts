// Stores and code at the end of RAM: over it, up to it, and around the end of the address space.

import { beforeEach, describe, expect, test } from 'vitest';
import { Attacker, END, PAGE } from './attacker.ts';

const fortress = new Attacker();
beforeEach(() => {
  fortress.renew();
});

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
      fortress.flat();
      const { registers } = fortress.vcpu;
      for (const name of ['rbx', 'rdi'] as const) registers.set(name, BigInt(at));
      registers.set('rsi', 0x100000n);
      registers.set('rdx', 0xe9n);
      fortress.assemble(32, (asm) => asm.bytes(...code).hlt());
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
        fortress.long(END - 0x1000, END - 0x1000, 0xd0000000);
        const { registers } = fortress.vcpu;
        for (const name of ['rbx', 'rdi'] as const) registers.set(name, BigInt(PAGE + 0x1000 - size + over));
        registers.set('rsi', BigInt(PAGE + 0x800));
        registers.set('rdx', 0xe9n);
        fortress.assemble(64, (asm) => asm.bytes(...code).hlt());
        fortress.run(20_000);
        fortress.inspect();
      }
    },
  );

  test('the wrap of 32-bit addresses', () => {
    for (const [, , code] of STORES) {
      fortress.renew();
      fortress.flat();
      for (const name of ['rbx', 'rdi'] as const) fortress.vcpu.registers.set(name, 0xfffffffen);
      fortress.vcpu.registers.set('rdx', 0xe9n);
      fortress.assemble(32, (asm) => asm.bytes(...code).hlt());
      fortress.run(20_000);
      fortress.inspect();
    }
  });
});

describe('the end of RAM as code', () => {
  test('instructions cut off by it are #UD there, not read from behind', () => {
    for (const tail of [[0x90], [0xb8], [0xb8, 1, 2, 3], [0x66], [0x0f], [0x81, 0x05, 0, 0], [0xeb], [0xe8, 0, 0]]) {
      fortress.renew();
      fortress.flat();
      fortress.memory.write(END - tail.length, Uint8Array.from(tail));
      fortress.vcpu.registers.set('rip', BigInt(END - tail.length));
      expect(fortress.run(100)).toBe('shutdown');
      fortress.inspect();
    }
  });

  test('code decoded at the last byte, over and over', () => {
    fortress.flat();
    // jmp from the last two bytes back to code that jumps there.
    fortress.memory.write(END - 2, Uint8Array.of(0xeb, 0xf0));
    fortress.memory.write(END - 16, Uint8Array.of(0xeb, 0x0c));
    fortress.vcpu.registers.set('rip', BigInt(END - 2));
    expect(fortress.run(10_000)).toBe('slice');
    fortress.inspect();
  });
});
