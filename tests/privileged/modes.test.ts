// Switching between processor modes, and the fast system calls (Intel SDM vol. 3, 10.8 and 10.9; AMD APM vol. 2, 6.1 and 14.6).

import { beforeEach, describe, expect, test } from 'vitest';
import { AT, Bench, CR0, CR4, EFER, FLAGS, SEL } from './bench.ts';
import { ACCESS, FLAG, flatDescriptor, segmentDescriptor } from './descriptors.ts';
import { modeTour } from './programs.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

const STAR = 0xc0000081;
const LSTAR = 0xc0000082;
const CSTAR = 0xc0000083;
const SFMASK = 0xc0000084;
const SYSENTER_CS = 0x174;
const SYSENTER_ESP = 0x175;
const SYSENTER_EIP = 0x176;

describe('modes', () => {
  test('real → protected → PAE → long → compatibility → 64-bit → protected → real', () => {
    const asm = modeTour();
    bench.memory.write(asm.origin, asm.assemble());
    bench.real(asm.origin, 0);
    bench.set('rip', asm.origin);
    expect(bench.run()).toBe('halt-forever');
    expect(Number(bench.get('rip')) - 1).toBe(asm.address('end'));
    // Each leg left its mark.
    expect(bench.u32(asm.address('marks'))).toBe(0x7f);
    expect(bench.get('cr0') & (CR0.PE | CR0.PG)).toBe(0n);
    expect(bench.get('efer') & (EFER.LMA | EFER.LME)).toBe(0n);
  });

  test('unreal mode: a limit of 4 GiB outlives protected mode, and loads of a selector', () => {
    bench.real();
    bench.memory.write(
      AT.DATA >> 8,
      Uint8Array.of(0xff, 0x0f, ...[AT.GDT, 0, 0, 0].flatMap((v, i) => (i ? [] : [v & 255, (v >> 8) & 255, 0, 0]))),
    );
    bench.poke(0x300000, 0x5aa5);
    bench.code(16, (asm) => {
      asm
        .lgdt(AT.DATA >> 8)
        .movFromCr('a', 0)
        .bytes(0x0c, 1)
        .movToCr(0, 'a');
      asm.movi('b', SEL.DATA).movToSeg('ds', 'b');
      asm.bytes(0x24, 0xfe).movToCr(0, 'a').movi('b', 0x10).movToSeg('ds', 'b');
      // a32 mov ax, [0x2fff00]: base is 0x100 now.
      asm.bytes(0x67, 0xa1).imm(0x2fff00, 4).hlt();
    });
    bench.run();
    expect(Number(bench.get('rax')) & 0xffff).toBe(0x5aa5);
  });

  test('a real-mode segment ends at 64 KiB', () => {
    bench.real();
    bench.code(16, (asm) => asm.load('a', 0xffff));
    expect(bench.faults()).toMatchObject({ vector: 13, rip: 0n });
    bench.reset().real();
    // A word at SS:FFFF: #SS.
    bench.code(16, (asm) => asm.movi('bp', 0xffff).bytes(0x8b, 0x46, 0x00));
    expect(bench.faults()).toMatchObject({ vector: 12 });
  });

  test('CLI, HLT, LGDT, MOV CR, MOV DR, RDMSR, INVLPG, WBINVD are for level 0', () => {
    const privileged = [
      [0xf4],
      [0x0f, 0x01, 0x14, 0x25, 0, 0, 2, 0],
      [0x0f, 0x20, 0xc0],
      [0x0f, 0x22, 0xd8],
      [0x0f, 0x21, 0xc0],
      [0x0f, 0x23, 0xc0],
      [0x0f, 0x32],
      [0x0f, 0x30],
      [0x0f, 0x01, 0x38],
      [0x0f, 0x09],
      [0x0f, 0x08],
      [0x0f, 0x06],
      [0xfa],
      [0xfb],
      [0xe4, 0x80],
      [0xe6, 0x80],
      [0xec],
      [0x6e],
      [0x0f, 0x01, 0xf0],
      [0x0f, 0x01, 0xf8],
      [0x48, 0x0f, 0x07],
    ];
    for (const code of privileged) {
      bench.reset().long({ user: true, efer: EFER.SCE });
      bench.code(64, (asm) => asm.bytes(...code), AT.USER_CODE);
      expect(bench.faults(), code.map((b) => b.toString(16)).join(' ')).toMatchObject({
        vector: 13,
        error: 0,
        rip: BigInt(AT.USER_CODE),
      });
    }
  });

  test('the TSS’s map opens single ports', () => {
    const runs: [number, number[], number][] = [
      [0x80, [0xe6, 0x80], 6],
      [0x80, [0xe6, 0x81], 13],
      [0x80, [0xe7, 0x80], 13],
      // The map's last byte is followed by one that must be within the limit.
      [0xff, [0xe6, 0xff], 13],
    ];
    for (const [open, code, vector] of runs) {
      bench.reset().protected({ user: true });
      bench.memory.write(AT.TSS + 0x68, new Uint8Array(0x20).fill(0xff));
      bench.poke(AT.TSS + 0x68 + (open >> 3), 0xff & ~(1 << (open & 7)), 1);
      bench.vcpu.registers.setSegment('tr', { ...bench.vcpu.registers.segment('tr'), limit: 0x68 + 0x1f });
      bench.code(32, (asm) => asm.bytes(...code).ud2(), AT.USER_CODE);
      expect(bench.faults(), code.join()).toMatchObject({ vector });
    }
  });

  test('IOPL opens all ports, CLI and STI', () => {
    bench.protected({ user: true, flags: FLAGS.IOPL3 });
    bench.code(32, (asm) => asm.out8(0x80).in8(0x81).sti().cli().ud2(), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 6 });
    expect(bench.log).toEqual(['out 80 1 = 0', 'in 81 1']);
  });

  test('unknown MSRs and values that they cannot hold are #GP(0)', () => {
    const bad: [number, bigint][] = [
      [0x12345678, 0n],
      [0xc0000080, 1n << 20n],
      [LSTAR, 0x800000000000n],
      [0xc0000100, 1n << 63n],
      [0x277, 2n],
      [0x1b, 1n << 50n],
      [0x2ff, 0x1000n],
      [0x802, 0n],
    ];
    for (const [index, value] of bad) {
      bench.reset().long();
      bench.code(64, (asm) => asm.setMsr(index, value));
      expect(bench.faults(), index.toString(16)).toMatchObject({ vector: 13, error: 0 });
    }
    bench.reset().long();
    bench.code(64, (asm) => asm.movi('c', 0x12345678).rdmsr());
    expect(bench.faults()).toMatchObject({ vector: 13, error: 0 });
  });

  test('CR0.TS and EM keep x87 and SSE away', () => {
    for (const [cr0, code, vector] of [
      [CR0.TS, [0xd9, 0xe8], 7],
      [CR0.EM, [0xd9, 0xe8], 7],
      [CR0.TS | CR0.MP, [0x9b], 7],
      [CR0.TS, [0x9b], 3],
      [CR0.TS, [0x0f, 0x57, 0xc0], 7],
      [CR0.EM, [0x0f, 0x57, 0xc0], 6],
      [CR0.TS, [0x0f, 0x77], 7],
      [CR0.EM, [0x0f, 0x77], 6],
    ] as const) {
      bench.reset().long({ cr0, cr4: 0x200n });
      bench.code(64, (asm) => asm.bytes(...code, 0xcc));
      expect(bench.faults(), code.join()).toMatchObject({ vector });
    }
    bench.reset().long();
    bench.code(64, (asm) => asm.bytes(0x0f, 0x57, 0xc0));
    expect(bench.faults()).toMatchObject({ vector: 6 });
  });
});

describe('SYSCALL and SYSRET', () => {
  const star = (BigInt(SEL.USER_CODE32) << 48n) | (BigInt(SEL.CODE64) << 32n);

  test('64-bit', () => {
    bench.long({ efer: EFER.SCE });
    bench.code(64, (asm) =>
      asm
        .setMsr(STAR, star)
        .setMsr(LSTAR, BigInt(AT.CODE + 0x200))
        .setMsr(SFMASK, 0x600n)
        .movi('c', AT.USER_CODE)
        .movi('r11', 0x602)
        .sysret64(),
    );
    bench.code(64, (asm) => asm.syscall().ud2(), AT.USER_CODE);
    bench.code(
      64,
      (asm) => asm.pushf().pop('b').movFromSeg('si', 'cs').movFromSeg('di', 'ss').mov('r8', 'r11').sysret64(),
      AT.CODE + 0x200,
    );
    expect(bench.faults()).toMatchObject({
      vector: 6,
      cs: SEL.USER_CODE64,
      ss: SEL.USER_DATA,
      rip: BigInt(AT.USER_CODE + 2),
    });
    expect(Number(bench.get('rsi'))).toBe(SEL.CODE64);
    expect(Number(bench.get('rdi'))).toBe(SEL.CODE64 + 8);
    expect(Number(bench.get('rbx')) & 0x600).toBe(0);
    expect(Number(bench.get('r8')) & 0x600).toBe(0x600);
    expect(bench.get('rcx')).toBe(BigInt(AT.USER_CODE + 2));
  });

  test('from compatibility mode goes by CSTAR (AMD), SYSRET with 32-bit operand returns there', () => {
    bench.long({ efer: EFER.SCE });
    bench.code(64, (asm) =>
      asm
        .setMsr(STAR, star)
        .setMsr(CSTAR, BigInt(AT.CODE + 0x200))
        .movi('c', AT.USER_CODE)
        .movi('r11', 2)
        .bytes(0x0f, 0x07),
    );
    bench.code(32, (asm) => asm.syscall().ud2(), AT.USER_CODE);
    bench.code(64, (asm) => asm.movi('b', 0x1234567890n).bytes(0x0f, 0x07), AT.CODE + 0x200);
    expect(bench.faults()).toMatchObject({
      vector: 6,
      cs: SEL.USER_CODE32,
      ss: SEL.USER_DATA,
      rip: BigInt(AT.USER_CODE + 2),
    });
    expect(bench.get('rbx')).toBe(0x1234567890n);
  });

  test('in legacy mode', () => {
    bench.protected({ user: true, efer: EFER.SCE, flags: FLAGS.IF });
    bench.vcpu.registers.setQuad(
      0x2c0,
      (BigInt(SEL.USER_CODE32 - 3) << 48n) | (BigInt(SEL.CODE32) << 32n) | BigInt(AT.CODE),
    );
    bench.code(32, (asm) => asm.syscall().ud2(), AT.USER_CODE);
    bench.code(32, (asm) => asm.pushf().pop('b').bytes(0x0f, 0x07));
    bench.set('rsp', AT.USER_STACK);
    expect(bench.faults()).toMatchObject({ vector: 6, rip: BigInt(AT.USER_CODE + 2), cs: SEL.USER_CODE32 });
    expect(Number(bench.get('rbx')) & FLAGS.IF).toBe(0);
  });

  test('are #UD without EFER.SCE', () => {
    for (const code of [
      [0x0f, 0x05],
      [0x48, 0x0f, 0x07],
    ]) {
      bench.reset().long();
      bench.code(64, (asm) => asm.bytes(...code));
      expect(bench.faults()).toMatchObject({ vector: 6 });
    }
  });

  // Intel's processors raise #GP at level 0 in SYSRET; AMD's, which CPUID announces, when the target is fetched.
  test('SYSRET to an address that is not canonical faults at level 3', () => {
    bench.long({ efer: EFER.SCE });
    bench.code(64, (asm) => asm.setMsr(STAR, star).movi('c', 0x800000000000n).movi('r11', 2).sysret64());
    expect(bench.faults()).toMatchObject({ vector: 13, error: 0, cs: SEL.USER_CODE64, rip: 0x800000000000n });
    expect(bench.get('rsp')).toBe(BigInt(AT.INNER_STACK - 48));
  });
});

describe('SYSENTER and SYSEXIT', () => {
  test('in protected mode', () => {
    bench.protected();
    bench.descriptor(0x60, flatDescriptor(ACCESS.CODE));
    bench.code(32, (asm) =>
      asm
        .setMsr(SYSENTER_CS, 0x60n)
        .setMsr(SYSENTER_ESP, BigInt(AT.IST_STACK))
        .setMsr(SYSENTER_EIP, BigInt(AT.CODE + 0x200))
        .movi('c', AT.USER_STACK)
        .movi('d', AT.USER_CODE)
        .sysexit(),
    );
    bench.code(32, (asm) => asm.sysenter(), AT.USER_CODE);
    bench.code(32, (asm) => asm.mov('b', 'sp').movFromSeg('si', 'cs').movFromSeg('di', 'ss').hlt(), AT.CODE + 0x200);
    expect(bench.halts()).toBe(AT.CODE + 0x206);
    expect([Number(bench.get('rbx')), Number(bench.get('rsi')), Number(bench.get('rdi'))]).toEqual([
      AT.IST_STACK,
      0x60,
      0x68,
    ]);
    expect(bench.cpl).toBe(0);
  });

  test('with a null SYSENTER_CS are #GP(0), in long mode #UD (AMD)', () => {
    bench.protected();
    bench.code(32, (asm) => asm.sysenter());
    expect(bench.faults()).toMatchObject({ vector: 13, error: 0 });
    for (const code of [
      [0x0f, 0x34],
      [0x0f, 0x35],
    ]) {
      bench.reset().long();
      bench.code(64, (asm) => asm.bytes(...code));
      expect(bench.faults()).toMatchObject({ vector: 6 });
    }
  });
});

describe('control registers', () => {
  test('PG without PE, NW without CD, reserved bits', () => {
    for (const [cr, value] of [
      [0, 0x80000000n],
      [0, 0x20000001n],
      [0, 1n << 32n],
      [4, 1n << 13n],
      [4, 1n << 40n],
      [3, 1n << 60n],
    ] as const) {
      bench.reset().long();
      bench.code(64, (asm) => asm.movi('a', value).movToCr(cr, 'a'));
      expect(bench.faults(), `CR${cr} ${value.toString(16)}`).toMatchObject({ vector: 13, error: 0 });
    }
  });

  test('MOV to CR4 of PAE = 0 and CR0 of PG = 0 are refused in 64-bit mode', () => {
    for (const [cr, value] of [
      [0, CR0.PE],
      [4, CR4.PGE],
    ] as const) {
      bench.reset().long();
      bench.code(64, (asm) => asm.movi('a', value).movToCr(cr, 'a'));
      expect(bench.faults()).toMatchObject({ vector: 13 });
    }
  });

  test('CR1, CR5, CR9 are #UD', () => {
    for (const cr of [1, 5, 6, 7, 9, 15]) {
      bench.reset().long();
      bench.code(64, (asm) => asm.movToCr(cr, 'a'));
      expect(bench.faults(), `CR${cr}`).toMatchObject({ vector: 6 });
    }
  });

  test('a code segment’s base applies from the first instruction on', () => {
    bench.protected();
    bench.descriptor(SEL.FREE, segmentDescriptor(AT.FREE, 0xffff, ACCESS.CODE, FLAG.BIG));
    bench.code(32, (asm) => asm.jmpFarTo(SEL.FREE, 0x10));
    bench.poke(AT.FREE + 0x10, 0xf4, 1);
    bench.run();
    expect(bench.get('rip')).toBe(0x11n);
  });
});
