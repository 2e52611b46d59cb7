import * as layout from '@vizor/asm/layout/cpu';
import { beforeEach, describe, expect, test } from 'vitest';
import { SystemBench } from './system-bench.ts';

const { OK, FAULT, JUMP, EXIT, RAX, RCX, RDX, RBX, RSP, R11 } = layout;
const GP = { vector: 13, error: 0 };
const UD = { vector: 6, error: undefined };
const DB = { vector: 1, error: undefined };
const PE = 1n;
const PG = 0x80000000n;
const IF = 0x200n;

let bench: SystemBench;
beforeEach(async () => {
  bench = await SystemBench.create();
  bench.setQuad(layout.RIP_BASE, 0x1000n);
});

/** Write a control or debug register by MOV from RBX. */
const writeCr = (number: number, value: bigint) => {
  bench.setQuad(RBX, value);
  return bench.execute('MOV_TO_CR_RR', { dst: number, src: RBX });
};
const writeDr = (number: number, value: bigint) => {
  bench.setQuad(RBX, value);
  return bench.execute('MOV_TO_DR_RR', { dst: number, src: RBX });
};
const segment = (index: number) => {
  const at = layout.SEG + index * layout.SEG_SIZE;
  return {
    base: bench.quad(at + layout.SEG_BASE),
    limit: bench.word(at + layout.SEG_LIMIT),
    attributes: bench.word(at + layout.SEG_ATTR),
    selector: bench.word(at + layout.SEG_SELECTOR),
  };
};

describe('RESET', () => {
  test('leaves the state of Intel SDM vol. 3, table 10-1', () => {
    expect(bench.quad(layout.RIP)).toBe(0xfff0n);
    expect(bench.quad(layout.RFLAGS)).toBe(2n);
    expect(bench.quad(layout.CR0)).toBe(0x60000010n);
    expect(bench.quad(RDX)).toBe(BigInt(bench.cpuid(1).eax));
    bench.kernel.reset(bench.cpu);
    expect(segment(layout.CS)).toEqual({ base: 0xffff0000n, limit: 0xffff, attributes: 0x93, selector: 0xf000 });
    expect(segment(layout.DS)).toEqual({ base: 0n, limit: 0xffff, attributes: 0x93, selector: 0 });
    expect(bench.word(layout.GDT_LIMIT)).toBe(0xffff);
    expect(bench.quad(layout.DR + 48)).toBe(0xffff0ff0n);
    expect(bench.quad(layout.DR + 56)).toBe(0x400n);
    expect(bench.word(layout.MXCSR)).toBe(0x1f80);
    expect(bench.word(layout.MODE)).toBe(layout.MODE_REAL);
  });
});

describe('modes', () => {
  test('are told apart', () => {
    bench.enterProtected();
    expect(bench.word(layout.MODE)).toBe(layout.MODE_D32 | layout.MODE_FLAT | layout.MODE_STACK32);
    expect(bench.word(layout.CODE_KEY) & 0xff).toBe(bench.word(layout.MODE));
    bench.enterProtected(3);
    expect(bench.word(layout.MODE) & layout.MODE_USER).not.toBe(0);
    expect(bench.word(layout.TLB_NOW)).toBe(bench.cpu + layout.TLB + layout.TLB_BYTES);
    bench.enterLong();
    expect(bench.word(layout.MODE)).toBe(layout.MODE_LONG64);
    bench.enterProtected();
    bench.setQuad(layout.RFLAGS, 0x20002n);
    bench.kernel.updateMode(bench.cpu);
    expect(bench.word(layout.MODE) & (layout.MODE_V86 | layout.MODE_REAL | layout.MODE_FLAT)).toBe(
      layout.MODE_V86 | layout.MODE_REAL,
    );
  });

  test.each([
    ['a base', 4, 0xffffffff, 0xc093],
    ['a limit', 0, 0xfffff, 0x4093],
    ['read-only', 0, 0xffffffff, 0xc091],
    ['expanding down', 0, 0xffffffff, 0xc097],
    ['null', 0, 0xffffffff, 0x1c093],
  ])('are not flat with DS having %s', (_name, base, limit, attributes) => {
    bench.enterProtected();
    bench.setSegment(layout.DS, base, limit, attributes);
    bench.kernel.updateMode(bench.cpu);
    expect(bench.word(layout.MODE) & layout.MODE_FLAT).toBe(0);
  });

  test('single-step for TF and for enabled breakpoints', () => {
    expect(bench.word(layout.STEP)).toBe(0);
    bench.setQuad(layout.RFLAGS, 0x102n);
    bench.kernel.updateMode(bench.cpu);
    expect(bench.word(layout.STEP)).toBe(1);
    bench.setQuad(layout.RFLAGS, 2n);
    writeDr(7, 2n);
    expect(bench.word(layout.STEP)).toBe(1);
  });
});

describe('MOV to CR', () => {
  const LONG = { cr4: 0x20n, efer: 0x100n };

  test('enters long mode and leaves it', () => {
    bench.enterProtected();
    bench.setQuad(layout.EFER, LONG.efer);
    expect(writeCr(4, LONG.cr4)).toBe(JUMP);
    expect(bench.quad(layout.RIP)).toBe(0x1003n);
    expect(writeCr(0, PG | PE)).toBe(JUMP);
    expect(bench.quad(layout.EFER)).toBe(0x500n);
    expect(bench.word(layout.MODE) & layout.MODE_LONG64).toBe(0);
    expect(writeCr(4, 0n)).toBe(FAULT);
    expect(writeCr(0, PE)).toBe(JUMP);
    expect(bench.quad(layout.EFER)).toBe(0x100n);
  });

  test.each([
    ['CR0: PG without PE', 0, PG, 0n, 0n],
    ['CR0: NW without CD', 0, 0x20000001n, 0n, 0n],
    ['CR0: long mode without PAE', 0, PG | PE, 0n, 0x100n],
    ['CR4: VME, not announced', 4, 1n, 0n, 0n],
    ['CR4: PCIDE, not announced', 4, 0x20000n, 0n, 0n],
    ['CR4: SMAP, not announced', 4, 0x200000n, 0n, 0n],
    ['CR4: OSXSAVE, not announced', 4, 0x40000n, 0n, 0n],
    ['CR8: above 15', 8, 16n, 0n, 0n],
  ])('%s is #GP(0), and nothing changes', (_name, number, value, cr4, efer) => {
    bench.enterProtected();
    bench.setQuad(layout.CR4, cr4);
    bench.setQuad(layout.EFER, efer);
    const before = [layout.CR0, layout.CR4, layout.EFER].map((at) => bench.quad(at));
    expect(writeCr(number, value)).toBe(FAULT);
    expect(bench.exception).toEqual(GP);
    expect([layout.CR0, layout.CR4, layout.EFER].map((at) => bench.quad(at))).toEqual(before);
  });

  test.each([
    ['CR0: upper half', 0, (1n << 32n) | PG | PE],
    ['CR0: paging off', 0, PE],
    ['CR3: beyond 40 bits', 3, 1n << 40n],
    ['CR3: bit 63', 3, 1n << 63n],
    ['CR4: upper half', 4, (1n << 32n) | 0x20n],
    ['CR4: PAE off', 4, 0n],
  ])('%s is #GP(0) in 64-bit mode', (_name, number, value) => {
    bench.enterLong();
    expect(writeCr(number, value)).toBe(FAULT);
    expect(bench.exception).toEqual(GP);
  });

  test('ignores reserved bits of CR0, and ET stays 1', () => {
    bench.enterProtected();
    expect(writeCr(0, 0x1fffffefn)).toBe(JUMP);
    expect(bench.quad(layout.CR0)).toBe(0x5003fn);
  });

  test('forgets translations where they depend on what changed', () => {
    bench.enterProtected();
    const generation = () => bench.word(layout.CODE_KEY) >>> 8;
    for (const [number, value] of [
      [0, 0x10011n],
      [3, 0x5000n],
      [4, 0x10n],
      [4, 0x80n],
      [4, 0x100000n],
    ] as const) {
      const before = generation();
      writeCr(number, value);
      expect([number, value, generation()]).not.toEqual([number, value, before]);
    }
  });

  test.each([1, 5, 6, 7, 9, 15])('CR%i does not exist', (number) => {
    expect(writeCr(number, 0n)).toBe(FAULT);
    expect(bench.exception).toEqual(UD);
    expect(bench.execute('MOV_FROM_CR_RR', { dst: RBX, src: number })).toBe(FAULT);
    expect(bench.exception).toEqual(UD);
  });

  test('CR8 is the task priority', () => {
    expect(writeCr(8, 5n)).toBe(OK);
    expect(bench.kernel.lapicRead(bench.cpu, 0x80, 4)).toBe(0x50);
    expect(bench.execute('MOV_FROM_CR_RR', { dst: RBX, src: 8 })).toBe(OK);
    expect(bench.quad(RBX)).toBe(5n);
  });

  test('takes 32 bits outside 64-bit mode', () => {
    expect(writeCr(2, 0x1_2345_6789n)).toBe(OK);
    expect(bench.quad(layout.CR2)).toBe(0x23456789n);
    bench.enterLong();
    expect(writeCr(2, 0x1_2345_6789n)).toBe(OK);
    expect(bench.quad(layout.CR2)).toBe(0x1_2345_6789n);
  });
});

describe('machine status word', () => {
  test('LMSW sets PE but does not clear it', () => {
    bench.setQuad(RAX, 0xffffn);
    expect(bench.execute('LMSW_R', { dst: RAX })).toBe(JUMP);
    expect(bench.quad(layout.CR0)).toBe(0x6000001fn);
    bench.setQuad(RAX, 0n);
    bench.execute('LMSW_R', { dst: RAX });
    expect(bench.quad(layout.CR0)).toBe(0x60000011n);
  });

  test('SMSW writes as many bits as the register has; CLTS clears TS', () => {
    bench.setQuad(layout.CR0, 0x6000001bn);
    bench.setQuad(RAX, ~0n);
    bench.execute('SMSW_R_16', { dst: RAX });
    expect(bench.quad(RAX)).toBe(0xffffffffffff001bn);
    bench.execute('SMSW_R_32', { dst: RAX });
    expect(bench.quad(RAX)).toBe(0x6000001bn);
    expect(bench.execute('SMSW_M_32', { memory: 0x100 })).toBe(OK);
    expect(bench.ram(0x100).getUint32(0, true)).toBe(0x1b);
    expect(bench.execute('CLTS')).toBe(OK);
    expect(bench.quad(layout.CR0)).toBe(0x60000013n);
  });
});

describe('privilege', () => {
  test.each([
    ['HLT', {}],
    ['LLDT_R', { dst: RAX }],
    ['LTR_R', { dst: RAX }],
    ['LGDT_M', { memory: 0x100 }],
    ['LIDT_M', { memory: 0x100 }],
    ['LMSW_R', { dst: RAX }],
    ['CLTS', {}],
    ['INVLPG_M', {}],
    ['SYSRET_32', {}],
    ['SYSEXIT_32', {}],
    ['MOV_FROM_CR_RR', { dst: RAX, src: 0 }],
    ['MOV_TO_CR_RR', { dst: 0, src: RAX }],
    ['MOV_FROM_DR_RR', { dst: RAX, src: 0 }],
    ['MOV_TO_DR_RR', { dst: 0, src: RAX }],
    ['RDMSR', {}],
    ['WRMSR', {}],
    ['RDPMC', {}],
    ['INVD', {}],
    ['WBINVD', {}],
    ['CLI', {}],
    ['STI', {}],
  ] as const)('%s is #GP(0) at CPL 3', (name, operands) => {
    bench.enterProtected(3);
    bench.setQuad(layout.EFER, 1n);
    bench.setQuad(RCX, 0xc0000080n);
    expect(bench.execute(name, operands)).toBe(FAULT);
    expect(bench.exception).toEqual(GP);
  });

  test('SWAPGS is for CPL 0', () => {
    bench.enterLong(3);
    expect(bench.execute('SWAPGS')).toBe(FAULT);
    bench.enterLong();
    bench.writeMsr(0xc0000101, 1n);
    bench.writeMsr(0xc0000102, 2n);
    expect(bench.execute('SWAPGS')).toBe(OK);
    expect([bench.readMsr(0xc0000101), bench.readMsr(0xc0000102)]).toEqual([2n, 1n]);
  });

  test('RDTSC and RDTSCP are for all unless CR4.TSD says otherwise', () => {
    bench.enterProtected(3);
    bench.time = 0x1_0000_0002;
    expect(bench.execute('RDTSC')).toBe(OK);
    expect([bench.quad(RAX), bench.quad(RDX)]).toEqual([2n, 1n]);
    bench.writeMsr(0xc0000103, 7n);
    expect(bench.execute('RDTSCP')).toBe(OK);
    expect(bench.quad(RCX)).toBe(7n);
    bench.setQuad(layout.CR4, 4n);
    expect(bench.execute('RDTSC')).toBe(FAULT);
    expect(bench.execute('RDTSCP')).toBe(FAULT);
    expect(bench.exception).toEqual(GP);
  });

  test('RDMSR and WRMSR use EDX:EAX', () => {
    bench.setQuad(RCX, 0xffffffff_c0000081n);
    bench.setQuad(RAX, 0xffffffff_00000000n);
    bench.setQuad(RDX, 0xffffffff_00230010n);
    expect(bench.execute('WRMSR')).toBe(OK);
    expect(bench.readMsr(0xc0000081)).toBe(0x00230010_00000000n);
    expect(bench.execute('RDMSR')).toBe(OK);
    expect([bench.quad(RAX), bench.quad(RDX)]).toEqual([0n, 0x230010n]);
    bench.setQuad(RCX, 0x9999n);
    expect(bench.execute('RDMSR')).toBe(FAULT);
    expect(bench.exception).toEqual(GP);
    expect(bench.execute('UD2')).toBe(FAULT);
    expect(bench.exception).toEqual(UD);
  });
});

describe('interrupt flag and HLT', () => {
  test('STI holds interrupts off for an instruction, if they were', () => {
    bench.setWord(layout.PENDING, 0);
    expect(bench.execute('STI')).toBe(OK);
    expect(bench.quad(layout.RFLAGS) & IF).toBe(IF);
    expect([bench.word(layout.SHADOW), bench.word(layout.SHADOW_SET)]).toEqual([1, 1]);
    bench.setWord(layout.SHADOW, 0);
    expect(bench.execute('STI')).toBe(OK);
    expect(bench.word(layout.SHADOW)).toBe(0);
    expect(bench.execute('CLI')).toBe(OK);
    expect(bench.quad(layout.RFLAGS) & IF).toBe(0n);
    bench.setWord(layout.PENDING, 1);
    expect(bench.execute('STI')).toBe(JUMP);
  });

  test('depends on IOPL in protected mode, needs IOPL 3 in virtual-8086 mode', () => {
    bench.enterProtected(3);
    bench.setQuad(layout.RFLAGS, 0x3202n);
    expect(bench.execute('CLI')).toBe(OK);
    bench.setQuad(layout.RFLAGS, 0x22202n);
    bench.kernel.updateMode(bench.cpu);
    expect(bench.execute('CLI')).toBe(FAULT);
    bench.setQuad(layout.RFLAGS, 0x23202n);
    expect(bench.execute('CLI')).toBe(OK);
  });

  test('HLT waits, for ever with interrupts off, not at all with one at hand', () => {
    bench.setWord(layout.PENDING, 0);
    expect(bench.execute('HLT')).toBe(EXIT);
    expect(bench.word(layout.EXIT_REASON)).toBe(layout.EXIT_HALT_FOREVER);
    expect(bench.quad(layout.RIP)).toBe(0x1003n);
    bench.setQuad(layout.RFLAGS, 0x202n);
    expect(bench.execute('HLT')).toBe(EXIT);
    expect(bench.word(layout.EXIT_REASON)).toBe(layout.EXIT_HALT);
    bench.setWord(layout.PENDING, 1);
    expect(bench.execute('HLT')).toBe(EXIT);
    bench.setWord(layout.INTR, 1);
    expect(bench.execute('HLT')).toBe(JUMP);
  });
});

describe('descriptor tables', () => {
  test('SGDT and LGDT move limit and base', () => {
    bench.enterProtected();
    const ram = bench.ram(0x100);
    ram.setUint16(0, 0x37, true);
    ram.setUint32(2, 0x89abcdef, true);
    expect(bench.execute('LGDT_M', { memory: 0x100, size: 32 })).toBe(OK);
    expect([bench.quad(layout.GDT_BASE), bench.word(layout.GDT_LIMIT)]).toEqual([0x89abcdefn, 0x37]);
    expect(bench.execute('LIDT_M', { memory: 0x100, size: 16 })).toBe(OK);
    expect(bench.quad(layout.IDT_BASE)).toBe(0xabcdefn);
    expect(bench.execute('SGDT_M', { memory: 0x200 })).toBe(OK);
    expect(Buffer.from(bench.bytes.slice(ram.byteOffset + 0x100, ram.byteOffset + 0x106)).toString('hex')).toBe(
      '3700efcdab89',
    );
  });

  test('SLDT and STR do not exist in real mode; nor LLDT, LTR, VERR, LAR, LSL', () => {
    for (const name of [
      'SLDT_R_16',
      'STR_R_32',
      'LLDT_R',
      'LTR_R',
      'VERR_R',
      'VERW_R',
      'LAR_RR_32',
      'LSL_RR_32',
    ] as const) {
      expect([name, bench.execute(name, { dst: RAX, src: RBX })]).toEqual([name, FAULT]);
      expect(bench.exception).toEqual(UD);
    }
  });

  test('SLDT zero-extends into wide registers', () => {
    bench.enterProtected();
    bench.setWord(layout.SEG + layout.LDTR * layout.SEG_SIZE + layout.SEG_SELECTOR, 0x28);
    bench.setQuad(RAX, ~0n);
    bench.execute('SLDT_R_16', { dst: RAX });
    expect(bench.quad(RAX)).toBe(0xffffffffffff0028n);
    bench.execute('SLDT_R_64', { dst: RAX });
    expect(bench.quad(RAX)).toBe(0x28n);
  });
});

describe('VERR, VERW, LAR, LSL', () => {
  const GDT = 0x4000;
  /** By selector; those from Linux's GDT have the results of an AMD EPYC at CPL 3. */
  const descriptors = new Map([
    [0x10, 0x00af9b000000ffffn], // kernel code
    [0x18, 0x00cf93000000ffffn], // kernel data
    [0x20, 0x00cffb000000ffffn], // user code, 32-bit
    [0x28, 0x00cff3000000ffffn], // user data
    [0x30, 0x00affb000000ffffn], // user code, 64-bit
    [0x40, 0x0000890010002067n], // TSS
    [0x48, 0x0000ec0000081234n], // call gate, DPL 3
    [0x50, 0x0000ee0000081234n], // interrupt gate, DPL 3
    [0x58, 0x00cf9f000000ffffn], // conforming code, DPL 0
    [0x60, 0x00cff9000000ffffn], // execute-only code
    [0x68, 0x00cff1000000ffffn], // read-only data
    [0x78, 0x0040f50000000001n], // Linux's per-CPU segment
  ]);
  const ZF = 0x40n;
  const verdict = (name: 'VERR_R' | 'VERW_R', selector: number) => {
    bench.setQuad(RBX, BigInt(selector));
    expect(bench.execute(name, { dst: RBX })).toBe(OK);
    return (bench.quad(layout.RFLAGS) & ZF) !== 0n;
  };
  const answer = (name: 'LAR_RR_32' | 'LSL_RR_32' | 'LAR_RR_16', selector: number) => {
    bench.setQuad(RBX, BigInt(selector));
    bench.setQuad(RAX, ~0n);
    expect(bench.execute(name, { dst: RAX, src: RBX })).toBe(OK);
    return (bench.quad(layout.RFLAGS) & ZF) !== 0n ? bench.quad(RAX) : undefined;
  };

  const enter = (level: number) => {
    bench.enterProtected(level);
    bench.setQuad(layout.GDT_BASE, BigInt(GDT));
    bench.setWord(layout.GDT_LIMIT, 0x7f);
    for (const [selector, descriptor] of descriptors) bench.ram(GDT + selector).setBigUint64(0, descriptor, true);
  };

  test('LAR and LSL at CPL 3 answer as an AMD processor does', () => {
    enter(3);
    const expected: [number, bigint | undefined, bigint | undefined][] = [
      [0, undefined, undefined],
      [0x10, undefined, undefined],
      [0x18, undefined, undefined],
      [0x20, 0xcffb00n, 0xffffffffn],
      [0x23, 0xcffb00n, 0xffffffffn],
      [0x2b, 0xcff300n, 0xffffffffn],
      [0x33, 0xaffb00n, 0xffffffffn],
      [0x38, undefined, undefined],
      [0x40, undefined, undefined],
      [0x7b, 0x40f500n, 1n],
      [0x80, undefined, undefined],
    ];
    for (const [selector, rights, limit] of expected) {
      expect([selector, answer('LAR_RR_32', selector)]).toEqual([selector, rights]);
      expect([selector, answer('LSL_RR_32', selector)]).toEqual([selector, limit]);
    }
    expect(answer('LAR_RR_16', 0x2b)).toBe(0xfffffffffffff300n);
  });

  test('LAR sees call gates, LSL does not; neither sees interrupt gates', () => {
    enter(3);
    expect(answer('LAR_RR_32', 0x48)).toBe(0xec00n);
    expect(answer('LSL_RR_32', 0x48)).toBeUndefined();
    expect(answer('LAR_RR_32', 0x50)).toBeUndefined();
    expect(answer('LAR_RR_32', 0x58)).toBe(0xcf9f00n);
  });

  test('the requested privilege level counts too', () => {
    enter(0);
    expect(answer('LSL_RR_32', 0x40)).toBe(0x2067n);
    expect(answer('LSL_RR_32', 0x43)).toBeUndefined();
    expect(verdict('VERR_R', 0x18)).toBe(true);
    expect(verdict('VERR_R', 0x1b)).toBe(false);
  });

  test('VERR and VERW', () => {
    enter(3);
    const seen = (selector: number) => [verdict('VERR_R', selector), verdict('VERW_R', selector)];
    expect(seen(0x2b)).toEqual([true, true]);
    expect(seen(0x23)).toEqual([true, false]);
    expect(seen(0x6b)).toEqual([true, false]);
    expect(seen(0x63)).toEqual([false, false]);
    expect(seen(0x5b)).toEqual([true, false]);
    expect(seen(0x18)).toEqual([false, false]);
    expect(seen(0x40)).toEqual([false, false]);
    expect(seen(0)).toEqual([false, false]);
    expect(seen(0xfff8)).toEqual([false, false]);
  });
});

describe('system calls', () => {
  const setUp = (level: number, long: boolean) => {
    if (long) bench.enterLong(level);
    else bench.enterProtected(level);
    bench.setQuad(layout.EFER, bench.quad(layout.EFER) | 1n);
    bench.writeMsr(0xc0000081, 0x0023001012345678n);
    bench.writeMsr(0xc0000082, 0xffffffff81000000n);
    bench.writeMsr(0xc0000083, 0xffffffff82000000n);
    bench.writeMsr(0xc0000084, 0x47700n);
  };

  test('SYSCALL and SYSRET in 64-bit mode', () => {
    setUp(3, true);
    bench.setQuad(layout.RFLAGS, 0x10a93n);
    expect(bench.execute('SYSCALL')).toBe(JUMP);
    expect(bench.quad(layout.RIP)).toBe(0xffffffff81000000n);
    expect([bench.quad(RCX), bench.quad(R11)]).toEqual([0x1003n, 0xa93n]);
    expect(bench.quad(layout.RFLAGS)).toBe(0x893n);
    expect(segment(layout.CS)).toEqual({ base: 0n, limit: 0xffffffff, attributes: 0xa09b, selector: 0x10 });
    expect(segment(layout.SS)).toEqual({ base: 0n, limit: 0xffffffff, attributes: 0xc093, selector: 0x18 });
    expect([bench.word(layout.CPL), bench.word(layout.MODE)]).toEqual([0, layout.MODE_LONG64]);

    bench.setQuad(R11, 0xffffffffn);
    expect(bench.execute('SYSRET_64')).toBe(JUMP);
    expect(bench.quad(layout.RIP)).toBe(0x1003n);
    expect(bench.quad(layout.RFLAGS)).toBe(0x3c7fd7n);
    expect([segment(layout.CS).selector, segment(layout.CS).attributes]).toEqual([0x33, 0xa0fb]);
    expect([segment(layout.SS).selector, segment(layout.SS).attributes]).toEqual([0x2b, 0xc0f3]);
    expect(bench.word(layout.CPL)).toBe(3);
  });

  test('SYSRET to 32-bit code, SYSCALL from there by CSTAR', () => {
    setUp(0, true);
    bench.setQuad(RCX, 0x1_2345_6789n);
    bench.setQuad(R11, 2n);
    expect(bench.execute('SYSRET_32')).toBe(JUMP);
    expect(bench.quad(layout.RIP)).toBe(0x23456789n);
    expect([segment(layout.CS).selector, segment(layout.CS).attributes]).toEqual([0x23, 0xc0fb]);
    expect(bench.word(layout.MODE) & layout.MODE_LONG64).toBe(0);
    expect(bench.execute('SYSCALL')).toBe(JUMP);
    expect(bench.quad(layout.RIP)).toBe(0xffffffff82000000n);
  });

  test('SYSCALL and SYSRET in legacy mode', () => {
    setUp(3, false);
    bench.setQuad(layout.RFLAGS, 0x206n);
    bench.setQuad(R11, 0x5555n);
    expect(bench.execute('SYSCALL')).toBe(JUMP);
    expect(bench.quad(layout.RIP)).toBe(0x12345678n);
    expect([bench.quad(RCX), bench.quad(R11), bench.quad(layout.RFLAGS)]).toEqual([0x1003n, 0x5555n, 6n]);
    expect(segment(layout.CS).attributes).toBe(0xc09b);
    expect(bench.execute('SYSRET_32')).toBe(JUMP);
    expect([bench.quad(layout.RIP), bench.quad(layout.RFLAGS)]).toEqual([0x1003n, 0x206n]);
    expect(segment(layout.CS).selector).toBe(0x23);
  });

  test('a SYSCALL whose kernel masks TF is not followed by a single-step trap', () => {
    setUp(3, true);
    bench.setQuad(layout.RFLAGS, 0x102n);
    bench.setWord(layout.STEP_OF, 3);
    expect(bench.execute('SYSCALL')).toBe(JUMP);
    expect(bench.word(layout.STEP_OF)).toBe(1);
  });

  test('SYSCALL and SYSRET need EFER.SCE; SYSRET needs protected mode', () => {
    for (const name of ['SYSCALL', 'SYSRET_32'] as const) {
      expect(bench.execute(name)).toBe(FAULT);
      expect(bench.exception).toEqual(UD);
    }
    bench.setQuad(layout.EFER, 1n);
    expect(bench.execute('SYSRET_32')).toBe(FAULT);
    expect(bench.exception).toEqual(GP);
  });

  test('SYSENTER and SYSEXIT are for legacy mode', () => {
    bench.enterProtected(3);
    expect(bench.execute('SYSENTER')).toBe(FAULT);
    expect(bench.exception).toEqual(GP);
    bench.writeMsr(0x174, 0x60n);
    bench.writeMsr(0x175, 0x8000n);
    bench.writeMsr(0x176, 0x9000n);
    bench.setQuad(layout.RFLAGS, 0x10206n);
    expect(bench.execute('SYSENTER')).toBe(JUMP);
    expect([bench.quad(layout.RIP), bench.quad(RSP), bench.quad(layout.RFLAGS)]).toEqual([0x9000n, 0x8000n, 6n]);
    expect([segment(layout.CS).selector, segment(layout.SS).selector]).toEqual([0x60, 0x68]);
    bench.setQuad(RCX, 0x7000n);
    bench.setQuad(RDX, 0x6000n);
    expect(bench.execute('SYSEXIT_32')).toBe(JUMP);
    expect([bench.quad(layout.RIP), bench.quad(RSP)]).toEqual([0x6000n, 0x7000n]);
    expect([segment(layout.CS).selector, segment(layout.SS).selector]).toEqual([0x73, 0x7b]);
    expect(bench.word(layout.CPL)).toBe(3);
    bench.enterLong();
    for (const name of ['SYSENTER', 'SYSEXIT_64'] as const) {
      expect(bench.execute(name)).toBe(FAULT);
      expect(bench.exception).toEqual(UD);
    }
  });
});

describe('debug registers', () => {
  const dr = (number: number) => bench.quad(layout.DR + number * 8);
  const DR6_BD = 0x2000n;

  test('keep their fixed bits', () => {
    writeDr(6, 0xffffffffn);
    expect(dr(6)).toBe(0xffffefffn);
    writeDr(6, 0n);
    expect(dr(6)).toBe(0xffff0ff0n);
    writeDr(7, 0xffffd8ffn);
    expect(dr(7)).toBe(0xffff04ffn);
  });

  test('4 and 5 are 6 and 7, unless CR4.DE is set', () => {
    writeDr(4, 1n);
    expect(dr(6)).toBe(0xffff0ff1n);
    expect(bench.execute('MOV_FROM_DR_RR', { dst: RAX, src: 5 })).toBe(OK);
    expect(bench.quad(RAX)).toBe(0x400n);
    bench.setQuad(layout.CR4, 8n);
    expect(writeDr(4, 1n)).toBe(FAULT);
    expect(bench.exception).toEqual(UD);
  });

  test('have no upper half to write in 6 and 7', () => {
    bench.enterLong();
    expect(writeDr(7, 1n << 32n)).toBe(FAULT);
    expect(bench.exception).toEqual(GP);
    expect(writeDr(0, 1n << 40n)).toBe(JUMP);
    expect(dr(0)).toBe(1n << 40n);
  });

  test('are guarded by general detect, which the exception ends', () => {
    writeDr(7, 0x2000n);
    expect(writeDr(0, 0n)).toBe(FAULT);
    expect(bench.exception).toEqual(DB);
    expect(dr(6) & DR6_BD).toBe(DR6_BD);
    expect(writeDr(0, 0n)).toBe(JUMP);
  });

  test('break on instructions, but not while RF is set', () => {
    writeDr(1, 0x5000n);
    writeDr(7, 0x4n);
    const breaks = (at: bigint) => bench.kernel.executionBreakpoint(bench.cpu, at) !== 0;
    expect([breaks(0x4fffn), breaks(0x5001n), breaks(0x5000n)]).toEqual([false, false, true]);
    expect(bench.exception).toEqual(DB);
    expect(dr(6) & 0xfn).toBe(2n);
    bench.setQuad(layout.RFLAGS, 0x10002n);
    expect(breaks(0x5000n)).toBe(false);
  });

  test.each([
    // DR7 R/W and LEN of breakpoint 0 at 0x5004, access, does it hit
    ['write, 4 bytes, below', 0xdn, 0x5000n, 4, true, false],
    ['write, 4 bytes, overlapping', 0xdn, 0x5002n, 4, true, true],
    ['write, 4 bytes, read', 0xdn, 0x5004n, 4, false, false],
    ['access, 4 bytes, read', 0xfn, 0x5007n, 1, false, true],
    ['access, 4 bytes, above', 0xfn, 0x5008n, 8, false, false],
    ['access, 8 bytes, aligned down', 0xbn, 0x5000n, 1, false, true],
    ['write, 1 byte', 0x1n, 0x5005n, 1, true, false],
    ['write, 1 byte, in a wide store', 0x1n, 0x5000n, 16, true, true],
  ])('break on data: %s', (_name, control, at, size, write, hits) => {
    writeDr(0, 0x5004n);
    writeDr(7, 1n | (control << 16n));
    expect(bench.kernel.watchesPage(bench.cpu, 0x5fffn)).not.toBe(0);
    expect(bench.kernel.watchesPage(bench.cpu, 0x6000n)).toBe(0);
    bench.kernel.noteAccess(bench.cpu, at, size, Number(write));
    expect(bench.kernel.debugTrap(bench.cpu, 0)).toBe(hits ? FAULT : OK);
    if (hits) expect(dr(6) & 0xfn).toBe(1n);
    expect(bench.kernel.debugTrap(bench.cpu, 0)).toBe(OK);
  });

  test('break on ports with CR4.DE', () => {
    writeDr(2, 0x3f8n);
    writeDr(7, 0x10n | (0x6n << 24n));
    bench.kernel.notePort(bench.cpu, 0x3f9, 1);
    expect(bench.kernel.debugTrap(bench.cpu, 0)).toBe(OK);
    bench.setQuad(layout.CR4, 8n);
    bench.kernel.notePort(bench.cpu, 0x3f9, 1);
    expect(bench.kernel.debugTrap(bench.cpu, 1)).toBe(FAULT);
    expect(bench.exception).toEqual(DB);
    expect(bench.word(layout.EXC_FLAGS) & layout.EXC_TRAP).not.toBe(0);
    expect(dr(6) & 0x400fn).toBe(0x4004n);
  });
});
