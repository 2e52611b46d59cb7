// What the CPU remembers and must forget: decoded code when its bytes change, translations when the guest says so, and the
// A20 gate (Intel SDM vol. 3, 4.10 and 9.1.3; x86 processors see their own stores to code at once).

import { beforeEach, describe, expect, test } from 'vitest';
import type { Assembler } from './assemble.ts';
import { AT, Bench, CR4 } from './bench.ts';
import { PTE } from './paging.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

const { P, W, U, G } = PTE;
/** inc rbx, and two bytes that make it inc rdx. */
const INC_RBX = [0x48, 0xff, 0xc3] as const;

describe('code that changes', () => {
  test('the next instruction', () => {
    bench.long();
    // The store overwrites the ModRM byte of the instruction right after it.
    bench.code(64, (asm) =>
      asm
        .storeByte(AT.CODE + 9 + 2, 0xc2)
        .bytes(...INC_RBX)
        .hlt(),
    );
    bench.halts();
    expect([bench.get('rbx'), bench.get('rdx')]).toEqual([0n, 1n]);
  });

  test('an instruction that ran before, in a loop that has been linked', () => {
    bench.long();
    bench.code(64, (asm) =>
      asm
        .movi('c', 200)
        .label('loop')
        .bytes(...INC_RBX)
        .alui('cmp', 'c', 100)
        .jcc('ne', 'go')
        .storeByte(AT.CODE + 12, 0xc2)
        .label('go')
        .loop('loop')
        .hlt(),
    );
    bench.halts(100_000);
    expect([bench.get('rbx'), bench.get('rdx')]).toEqual([101n, 99n]);
  });

  test('a comparison fused with its branch', () => {
    bench.long();
    // cmp rcx, 0; je → jne, changed by the third pass.
    bench.code(64, (asm) =>
      asm
        .movi('c', 5)
        .label('loop')
        .inc('b')
        .alui('sub', 'c', 1)
        .alui('cmp', 'b', 3)
        .jcc('ne', 'go')
        .label('patch')
        .storeByte(AT.CODE + 0x60, 0x74)
        .label('go')
        .padTo(AT.CODE + 0x59)
        .alui('cmp', 'c', 0)
        .jcc('ne', 'loop')
        .hlt(),
    );
    bench.halts();
    expect(bench.get('rbx')).toBe(3n);
  });

  test('a store by the compare-and-branch’s own first half', () => {
    bench.long();
    // add [rip-relative jcc], imm: JE becomes JNE right behind it.
    bench.code(64, (asm) =>
      asm
        .movi('b', AT.CODE + 10 + 3)
        .bytes(0x80, 0x03, 0x01, 0x74, 0x01)
        .hlt()
        .inc('d')
        .hlt(),
    );
    // 0x74 + 1 = 0x75, the result is not 0: the branch is taken.
    bench.halts();
    expect(bench.get('rdx')).toBe(1n);
  });

  test('through another mapping of the same page', () => {
    const tables = bench.identity('long');
    tables.map(0x40000000, AT.CODE);
    bench.long({ tables });
    bench.code(64, (asm) =>
      asm
        .movi('a', 0x40000000 + 0x42)
        .inc('d')
        .bytes(0xc6, 0x00, 0xc2)
        .padTo(AT.CODE + 0x40)
        .bytes(...INC_RBX)
        .hlt(),
    );
    bench.halts();
    expect([bench.get('rbx'), bench.get('rdx')]).toEqual([0n, 2n]);
    // Once more, with the alias’s translation warm and the code decoded.
    bench.code(64, (asm) => asm.bytes(...INC_RBX, 0xf4), AT.CODE + 0x40);
    bench.resume(AT.CODE + 0x0d);
    bench.halts();
    expect(bench.get('rdx')).toBe(3n);
  });

  test('an instruction that crosses a page, changed in its second half', () => {
    bench.long();
    const end = AT.CODE + 0x1000;
    bench.code(64, (asm) =>
      asm
        .movi('c', 2)
        .label('loop')
        .jmp('far')
        .padTo(end - 4)
        .label('far')
        .bytes(0x48, 0x81, 0xc3, 0x01, 0, 0, 0)
        .storeByte(end, 0x10)
        .bytes(0x48, 0xff, 0xc9)
        .bytes(0x74, 0x05)
        .jmp('loop')
        .hlt(),
    );
    bench.halts();
    expect(bench.get('rbx')).toBe(1n + 0x1001n);
  });

  test('by a string store into code ahead', () => {
    bench.long();
    bench.code(64, (asm) =>
      asm
        .movi('di', AT.CODE + 0x40)
        .movi('a', 0x90)
        .movi('c', 16)
        .bytes(0xf3, 0xaa)
        .padTo(AT.CODE + 0x40)
        .nop(2)
        .bytes(...INC_RBX)
        .ud2()
        .nop(20)
        .hlt(),
    );
    bench.code(64, (asm) => asm.hlt(), AT.CODE + 0x60);
    bench.halts();
    expect(bench.get('rbx')).toBe(0n);
  });

  test('by a string store over itself', () => {
    bench.long();
    // rep stosb runs over its own bytes: what follows are HLTs.
    bench.code(64, (asm) =>
      asm
        .movi('di', AT.CODE + 0x20)
        .movi('a', 0xf4)
        .movi('c', 64)
        .padTo(AT.CODE + 0x30)
        .bytes(0xf3, 0xaa)
        .ud2(),
    );
    expect(bench.halts()).toBe(AT.CODE + 0x32);
  });

  test('by the stack', () => {
    bench.long();
    bench.code(64, (asm) =>
      asm
        .movi('a', 0xf4f4f4f4f4f4f4f4n)
        .movi('sp', AT.CODE + 0x48)
        .push('a')
        .padTo(AT.CODE + 0x40)
        .ud2(),
    );
    expect(bench.halts()).toBe(AT.CODE + 0x40);
  });

  test('by an interrupt frame', () => {
    bench.long();
    bench.gate64(0x40, { offset: AT.CODE + 0x100 });
    bench.code(64, (asm) => asm.movi('sp', AT.CODE + 0x138).int(0x40));
    // The frame lies in the handler’s page, over its third instruction: RIP is pushed at 0x108.
    bench.code(64, (asm) => asm.nop(8).bytes(0x0f, 0x0b), AT.CODE + 0x100);
    bench.run(100);
    expect(bench.u64(AT.CODE + 0x108)).toBe(BigInt(AT.CODE + 12));
    expect(Number(bench.get('rip'))).not.toBe(AT.CODE + 0x109);
  });

  test('by a device', () => {
    bench.long();
    bench.onOut = () => bench.poke(AT.CODE + 0x42, 0xc2, 1);
    bench.code(64, (asm) =>
      asm
        .movi('c', 50)
        .label('loop')
        .jmp('body')
        .padTo(AT.CODE + 0x40)
        .label('body')
        .bytes(...INC_RBX)
        .loop('loop')
        .out8(0x80)
        .bytes(...INC_RBX)
        .hlt(),
    );
    bench.halts();
    bench.resume(AT.CODE + 0x40);
    bench.set('rcx', 1);
    bench.halts();
    expect([bench.get('rbx'), bench.get('rdx')]).toEqual([52n, 1n]);
  });

  test('by an atomic and by an FPU store', () => {
    for (const code of [
      [0xf0, 0x48, 0x0f, 0xb1, 0x0b],
      [0x48, 0x87, 0x0b],
      [0x0f, 0x7f, 0x03],
      [0x0f, 0x29, 0x03],
    ]) {
      bench.reset().long({ cr4: 0x200n });
      bench.code(64, (asm) => {
        // RAX equals what is there, so that CMPXCHG stores.
        asm
          .movi('b', AT.CODE + 0x40)
          .movi('c', 0xf4f4f4f4f4f4f4f4n)
          .bytes(0x48, 0x8b, 0x03, 0x48, 0x0f, 0x6e, 0xc1);
        if (code[1] === 0x7f) asm.bytes(0x48, 0x0f, 0x6e, 0xc1);
        if (code[1] === 0x29) asm.bytes(0x66, 0x48, 0x0f, 0x6e, 0xc1);
        asm
          .bytes(...code)
          .padTo(AT.CODE + 0x40)
          .ud2();
      });
      expect(bench.halts(), code.join()).toBe(AT.CODE + 0x40);
    }
  });
});

describe('translations', () => {
  const PAGE = 0x40000000;

  /** Code that reads PAGE, lets the host act at port 0x80, does `flush`, and reads again into RCX. */
  function changed(flush: (asm: Assembler) => unknown, flags = P | W | U, cr4 = 0n) {
    const tables = bench.identity('long');
    tables.map(PAGE, AT.FREE, flags);
    bench.long({ tables, cr4 });
    bench.poke(AT.FREE, 1);
    bench.poke(AT.FREE + 0x1000, 2);
    bench.onOut = () => tables.map(PAGE, AT.FREE + 0x1000, flags);
    bench.code(64, (asm) => {
      asm.movi('b', PAGE).loadAt('c', 'b').out8(0x80);
      flush(asm);
      asm.loadAt('c', 'b').hlt();
    });
    bench.halts();
    return Number(bench.get('rcx'));
  }

  test('INVLPG', () => {
    expect(changed((asm) => asm.invlpg(PAGE))).toBe(2);
  });

  test('INVLPG of a global page', () => {
    expect(changed((asm) => asm.invlpg(PAGE), P | W | U | G, CR4.PGE)).toBe(2);
  });

  test('MOV to CR3', () => {
    expect(changed((asm) => asm.movFromCr('a', 3).movToCr(3, 'a'))).toBe(2);
  });

  test('MOV to CR3 keeps global pages, toggling CR4.PGE does not', () => {
    const toCr4 = (asm: Assembler) =>
      asm.movFromCr('a', 4).alui('xor', 'a', 0x80).movToCr(4, 'a').alui('xor', 'a', 0x80).movToCr(4, 'a');
    expect(changed((asm) => asm.movFromCr('a', 3).movToCr(3, 'a'), P | W | U | G, CR4.PGE)).toBe(1);
    bench.reset();
    expect(changed(toCr4, P | W | U | G, CR4.PGE)).toBe(2);
    bench.reset();
    // Without CR4.PGE the bit means nothing.
    expect(changed((asm) => asm.movFromCr('a', 3).movToCr(3, 'a'), P | W | U | G)).toBe(2);
  });

  test('a 2 MiB page is forgotten whole by INVLPG of one address', () => {
    const tables = bench.identity('long');
    tables.map(PAGE, 0, P | W | U, 2);
    bench.long({ tables });
    bench.poke(AT.FREE, 1);
    bench.poke(0x200000 + AT.FREE, 2);
    bench.onOut = () => tables.map(PAGE, 0x200000, P | W | U, 2);
    bench.code(64, (asm) =>
      asm
        .movi('b', PAGE + AT.FREE)
        .loadAt('c', 'b')
        .out8(0x80)
        .invlpg(PAGE)
        .loadAt('c', 'b')
        .hlt(),
    );
    bench.halts();
    expect(bench.get('rcx')).toBe(2n);
  });

  test('a page fault needs no flush once the entry allows more', () => {
    const tables = bench.identity('long');
    tables.map(PAGE, AT.FREE);
    tables.change(PAGE, 1, 0n, P);
    bench.long({ tables });
    bench.gate64(14, { offset: AT.CODE + 0x100 });
    bench.code(64, (asm) => asm.movi('b', PAGE).loadAt('c', 'b').hlt());
    bench.code(64, (asm) => asm.out8(0x80).pop('d').iret(), AT.CODE + 0x100);
    bench.onOut = () => tables.change(PAGE, 1, P);
    bench.poke(AT.FREE, 7);
    bench.halts();
    expect(bench.get('rcx')).toBe(7n);
  });

  test('code: after a change of mapping and a flush, other code runs at the same address', () => {
    const tables = bench.identity('long');
    tables.map(PAGE, AT.FREE);
    bench.long({ tables });
    bench.code(64, (asm) => asm.bytes(...INC_RBX).ret(), AT.FREE);
    bench.code(64, (asm) => asm.inc('d').ret(), AT.FREE + 0x1000);
    bench.onOut = () => tables.map(PAGE, AT.FREE + 0x1000);
    bench.code(64, (asm) =>
      asm
        .movi('a', PAGE)
        .movi('c', 100)
        .label('loop')
        .bytes(0xff, 0xd0)
        .loop('loop')
        .out8(0x80)
        .invlpg(PAGE)
        .movi('c', 10)
        .label('loop2')
        .bytes(0xff, 0xd0)
        .loop('loop2')
        .hlt(),
    );
    bench.halts(100_000);
    expect([bench.get('rbx'), bench.get('rdx')]).toEqual([100n, 10n]);
  });

  test('code that falls through into the next page follows a change of that page’s mapping', () => {
    const tables = bench.identity('long');
    tables.map(PAGE, AT.FREE);
    tables.map(PAGE + 0x1000, AT.FREE + 0x1000);
    bench.long({ tables });
    bench.code(64, (asm) => asm.nop(16), AT.FREE + 0xff0);
    bench.code(64, (asm) => asm.bytes(...INC_RBX).ret(), AT.FREE + 0x1000);
    bench.code(64, (asm) => asm.inc('d').ret(), AT.FREE + 0x2000);
    bench.onOut = () => tables.map(PAGE + 0x1000, AT.FREE + 0x2000);
    bench.code(64, (asm) =>
      asm
        .movi('a', PAGE + 0xff0)
        .movi('c', 10)
        .label('loop')
        .bytes(0xff, 0xd0)
        .loop('loop')
        .out8(0x80)
        .movFromCr('b', 3)
        .movToCr(3, 'b')
        .movi('b', 0)
        .movi('c', 10)
        .label('loop2')
        .bytes(0xff, 0xd0)
        .loop('loop2')
        .hlt(),
    );
    bench.halts(100_000);
    expect([bench.get('rbx'), bench.get('rdx')]).toEqual([0n, 10n]);
  });

  test('user and supervisor do not share what they may', () => {
    const tables = bench.identity('long');
    tables.map(PAGE, AT.FREE, P | W);
    bench.long({ tables });
    bench.code(64, (asm) =>
      asm
        .movi('b', PAGE)
        .loadAt('c', 'b')
        .storeAt('b', 'c')
        .pushi(0x23)
        .pushi(AT.USER_STACK)
        .pushi(2)
        .pushi(0x2b)
        .pushi(AT.USER_CODE)
        .iret(),
    );
    bench.code(64, (asm) => asm.loadAt('c', 'b'), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 14, error: 5 });
  });
});

describe('A20', () => {
  test('closed, address line 20 is low for data, code and tables', () => {
    bench.real();
    bench.poke(0x1234, 0xaaaa, 2);
    bench.poke(0x101234, 0xbbbb, 2);
    // ffff:1244 is 0x101234.
    bench.code(16, (asm) =>
      asm
        .movi('a', 0xffff)
        .movToSeg('ds', 'a')
        .load('b', 0x1244)
        .out8(0x92)
        .load('c', 0x1244)
        .out8(0x93)
        .load('d', 0x1244)
        .hlt(),
    );
    bench.onOut = (port) => bench.vcpu.setA20(port === 0x93);
    bench.run();
    expect([bench.get('rbx'), bench.get('rcx'), bench.get('rdx')].map(Number)).toEqual([0xbbbb, 0xaaaa, 0xbbbb]);
  });
});
