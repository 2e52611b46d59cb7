import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as C from '../../../asm/layout/cpu.ts';
import { SimdMachine } from './support/simd-machine.ts';

// Single SIMD instructions: when they may run, what faults leave alone, and cases that the manuals spell out.

const UD = 6;
const NM = 7;
const GP = 13;
const MF = 16;
const XM = 19;
const CF = 1;
const PF = 4;
const ZF = 0x40;
const SF = 0x80;
const OF = 0x800;

let cpu: SimdMachine;
beforeAll(async () => {
  cpu = await SimdMachine.create();
});
beforeEach(() => cpu.reset());

const xmm = { dst: 'xmm0', src: 'xmm1' };
const mm = { dst: 'mm0', src: 'mm1' };

describe('readiness', () => {
  const sse = ['MOVAPS_RR', 'ADDPS_RR', 'UCOMISD_RR', 'CVTPS2PD_RR', 'PXOR_RR', 'PSHUFB_RR', 'PCMPISTRI_RRI'];
  test.each(sse)('%s: #UD with CR0.EM or without CR4.OSFXSR, #NM with CR0.TS', (name) => {
    expect(cpu.execute(name, xmm)).toBeUndefined();
    cpu.set32(C.CR0, 8);
    expect(cpu.execute(name, xmm)).toBe(NM);
    cpu.set32(C.CR0, 8 + 4);
    expect(cpu.execute(name, xmm)).toBe(UD);
    cpu.set32(C.CR0, 8);
    cpu.set32(C.CR4, 0x400);
    expect(cpu.execute(name, xmm)).toBe(UD);
  });

  test.each(['PADDB_RR_MMX', 'MOVQ_RR_MMX', 'EMMS', 'CVTPS2PI_RR_MMX'])(
    '%s: #UD with CR0.EM, #NM with CR0.TS, #MF with an x87 exception pending',
    (name) => {
      cpu.set16(C.FSW, 0x80);
      expect(cpu.execute(name, mm)).toBe(MF);
      cpu.set32(C.CR0, 8);
      expect(cpu.execute(name, mm)).toBe(NM);
      cpu.set32(C.CR0, 4);
      expect(cpu.execute(name, mm)).toBe(UD);
    },
  );

  test('what uses no SIMD register always runs', () => {
    cpu.set32(C.CR0, 4 + 8);
    cpu.set32(C.CR4, 0);
    for (const name of ['SFENCE', 'MFENCE', 'LFENCE', 'PREFETCH_M', 'CLFLUSH_M']) {
      expect(cpu.execute(name, {})).toBeUndefined();
    }
    expect(cpu.execute('POPCNT_RR_32', { dst: 'rax', src: 'rcx' })).toBeUndefined();
  });
});

describe('memory operands', () => {
  test.each(['MOVAPS_RM', 'MOVDQA_RM', 'ADDPS_RM', 'PXOR_RM', 'PUNPCKLBW_RM', 'CVTDQ2PS_RM', 'PSHUFD_RMI', 'PTEST_RM'])(
    '%s must be aligned',
    (name) => {
      expect(cpu.execute(name, { dst: 'xmm0', memory: 0x101 })).toBe(GP);
      expect(cpu.get32(C.EXC_ERROR)).toBe(0);
      expect(cpu.execute(name, { dst: 'xmm0', memory: 0x100 })).toBeUndefined();
    },
  );
  test.each([
    'MOVUPS_RM',
    'MOVDQU_RM',
    'LDDQU_RM',
    'PCMPISTRI_RMI',
    'ADDSS_RM',
    'ADDSD_RM',
    'CVTPS2PD_RM',
    'PMOVSXBW_RM',
  ])('%s need not be aligned', (name) => expect(cpu.execute(name, { dst: 'xmm0', memory: 0x101 })).toBeUndefined());
  test('an aligned store writes nothing when it is not', () => {
    cpu.words('xmm1', [1, 2, 3, 4]);
    expect(cpu.execute('MOVNTDQ_MR', { src: 'xmm1', memory: 0x108 })).toBe(GP);
    expect(cpu.ram.subarray(0x100, 0x120).every((byte) => byte === 0)).toBe(true);
  });
  test('a load of part of a register zeroes the rest, a move between registers does not', () => {
    cpu.words('xmm0', [1, 2, 3, 4]);
    cpu.words('xmm1', [5, 6, 7, 8]);
    cpu.execute('MOVSS_RR', xmm);
    expect(cpu.words('xmm0')).toEqual([5, 2, 3, 4]);
    cpu.execute('MOVSD_RR', xmm);
    expect(cpu.words('xmm0')).toEqual([5, 6, 3, 4]);
    cpu.ram[0x103] = 9;
    cpu.execute('MOVSS_RM', { dst: 'xmm0', memory: 0x103 });
    expect(cpu.words('xmm0')).toEqual([9, 0, 0, 0]);
  });
  test('MASKMOVDQU writes the chosen bytes only', () => {
    cpu.ram.fill(0xaa, 0x200, 0x210);
    cpu.quad('rdi', 0x200n);
    cpu.register('xmm0').set([1, 2, 3, 4]);
    cpu.register('xmm1').set([0x80, 0x7f, 0xff, 0]);
    expect(cpu.execute('MASKMOVDQU_RR', xmm)).toBeUndefined();
    expect([...cpu.ram.subarray(0x200, 0x205)]).toEqual([1, 0xaa, 3, 0xaa, 0xaa]);
  });
  test('LDMXCSR refuses reserved bits', () => {
    cpu.ram.set([0x80, 0x1f, 1, 0], 0x300);
    expect(cpu.execute('LDMXCSR_M', { memory: 0x300 })).toBe(GP);
    cpu.ram.set([0xff, 0xff, 0, 0], 0x300);
    expect(cpu.execute('LDMXCSR_M', { memory: 0x300 })).toBeUndefined();
    expect(cpu.get32(C.MXCSR)).toBe(0xffff);
  });
});

describe('floating-point exceptions', () => {
  test('an unmasked one is #XM, or #UD without CR4.OSXMMEXCPT, and the destination stays', () => {
    cpu.set32(C.MXCSR, 0x1d80);
    cpu.doubles('xmm0', [1, 2]);
    expect(cpu.execute('DIVSD_RR', xmm)).toBe(XM);
    expect(cpu.doubles('xmm0')).toEqual([1, 2]);
    expect(cpu.get32(C.MXCSR)).toBe(0x1d84);
    cpu.set32(C.CR4, 0x200);
    expect(cpu.execute('DIVPD_RR', xmm)).toBe(UD);
  });
  test('COMISS changes no flags then', () => {
    cpu.set32(C.MXCSR, 0x1f00);
    cpu.singles('xmm0', [Number.NaN]);
    cpu.flags = CF;
    expect(cpu.execute('UCOMISS_RR', xmm)).toBeUndefined();
    expect(cpu.flags).toBe(ZF | PF | CF);
    cpu.flags = CF;
    expect(cpu.execute('COMISS_RR', xmm)).toBe(XM);
    expect(cpu.flags).toBe(CF);
  });
  test('the first operand that is NaN wins, quieted', () => {
    cpu.words('xmm0', [0x7f800001, 0x3f800000, 0xffc00002, 0x7f800000]);
    cpu.words('xmm1', [0x7fc00003, 0xff800004, 0x7f800005, 0xff800000]);
    cpu.execute('ADDPS_RR', xmm);
    expect(cpu.words('xmm0')).toEqual([0x7fc00001, 0xffc00004, 0xffc00002, 0xffc00000]);
    expect(cpu.get32(C.MXCSR)).toBe(0x1f81);
  });
  test('minimum and maximum answer with the second operand when they cannot tell', () => {
    cpu.words('xmm0', [0x7fc00001, 0x80000000, 0, 0x3f800000]);
    cpu.words('xmm1', [0x3f800000, 0, 0x80000000, 0x7fc00002]);
    cpu.execute('MINPS_RR', xmm);
    expect(cpu.words('xmm0')).toEqual([0x3f800000, 0, 0x80000000, 0x7fc00002]);
  });
  test('conversions that do not fit give the integer indefinite', () => {
    cpu.doubles('xmm1', [2 ** 31, -(2 ** 31) - 0.5]);
    cpu.execute('CVTTPD2DQ_RR', xmm);
    expect(cpu.words('xmm0')).toEqual([0x80000000, 0x80000000, 0, 0]);
    expect(cpu.get32(C.MXCSR)).toBe(0x1fa1);
    cpu.doubles('xmm1', [2 ** 63]);
    cpu.execute('CVTTSD2SI_RR_64', { dst: 'rax', src: 'xmm1' });
    expect(cpu.quad('rax')).toBe(1n << 63n);
  });
  test('approximations stay within 1.5 × 2^-12', () => {
    const normal = fc.integer({ min: 0x00800000, max: 0x7e7fffff });
    fc.assert(
      fc.property(normal, (bits) => {
        cpu.words('xmm1', [bits, bits, bits, bits]);
        const [x] = cpu.singles('xmm1') as [number];
        cpu.execute('RCPPS_RR', xmm);
        expect(Math.abs(cpu.singles('xmm0')[3]! * x - 1)).toBeLessThanOrEqual(1.5 / 4096);
        cpu.execute('RSQRTPS_RR', xmm);
        expect(Math.abs(cpu.singles('xmm0')[3]! * Math.sqrt(x) - 1)).toBeLessThanOrEqual(1.5 / 4096);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('MMX state', () => {
  test('an instruction makes all registers valid and TOP 0, EMMS empties them', () => {
    cpu.set16(C.FSW, 0x3800);
    cpu.quad('mm1', 5n);
    expect(cpu.execute('MOVQ_RR_MMX', mm)).toBeUndefined();
    expect([cpu.quad('mm0'), cpu.get16(C.FPR + 8), cpu.get16(C.FSW), cpu.get16(C.FTW)]).toEqual([5n, 0xffff, 0, 0]);
    cpu.execute('EMMS', {});
    expect(cpu.get16(C.FTW)).toBe(0xffff);
  });
  test('MOVD takes 32 bits, or 64 with REX.W', () => {
    cpu.quad('rax', 0x1122334455667788n);
    cpu.execute('MOVD_RR_MMX', { dst: 'mm0', src: 'rax' });
    expect(cpu.quad('mm0')).toBe(0x55667788n);
    cpu.execute('MOVD_RR_MMX', { dst: 'mm0', src: 'rax', rexW: true });
    expect(cpu.quad('mm0')).toBe(0x1122334455667788n);
  });
});

describe('strings and sums', () => {
  const text = (register: string, value: string) => {
    const bytes = cpu.register(register).fill(0);
    bytes.set(new TextEncoder().encode(value));
  };
  const find = (a: string, b: string, imm: number) => {
    text('xmm0', a);
    text('xmm1', b);
    cpu.execute('PCMPISTRI_RRI', { ...xmm, imm });
    return [Number(cpu.quad('rcx')), cpu.flags];
  };
  test('PCMPISTRI: any of a set, ranges, equal each, substring', () => {
    expect(find('xyz', 'abcyd', 0x00)).toEqual([3, CF | ZF | SF]);
    expect(find('azAZ', '12Q', 0x04)).toEqual([2, CF | ZF | SF]);
    expect(find('hello', 'help!', 0x18)).toEqual([3, CF | ZF | SF]);
    expect(find('lo', 'hello, hello', 0x0c)).toEqual([3, CF | ZF | SF]);
    expect(find('lo', 'hello, hello', 0x4c)).toEqual([10, CF | ZF | SF]);
    expect(find('', 'sixteen letters!', 0x0c)).toEqual([0, CF | SF | OF]);
    expect(find('0', 'abc', 0x00)).toEqual([16, ZF | SF]);
  });
  test('PCMPESTRM takes lengths from EAX and EDX, negative ones too', () => {
    text('xmm1', 'abca');
    text('xmm2', 'a');
    cpu.quad('rax', -1n);
    cpu.quad('rdx', 100n);
    cpu.execute('PCMPESTRM_RRI', { dst: 'xmm2', src: 'xmm1', imm: 0x40 });
    expect([...cpu.register('xmm0').subarray(0, 5)]).toEqual([255, 0, 0, 255, 0]);
    expect(cpu.flags).toBe(CF | SF | OF);
  });
  test('CRC32 is the Castagnoli CRC, whatever the width', () => {
    const bytes = new TextEncoder().encode('123456789');
    cpu.quad('rax', 0xffffffffn);
    cpu.ram.set(bytes, 0x400);
    cpu.execute('CRC32_RM_64', { dst: 'rax', memory: 0x400 });
    cpu.execute('CRC32_B_RM_32', { dst: 'rax', memory: 0x408 });
    expect(~Number(cpu.quad('rax')) >>> 0).toBe(0xe3069283);
    cpu.quad('rax', 0xffffffffn);
    for (const [at, name] of [
      [0, '32'],
      [4, '16'],
      [6, '16'],
    ] as const) {
      cpu.execute(`CRC32_RM_${name}`, { dst: 'rax', memory: 0x400 + at });
    }
    cpu.execute('CRC32_B_RM_32', { dst: 'rax', memory: 0x408 });
    expect(~Number(cpu.quad('rax')) >>> 0).toBe(0xe3069283);
  });
  test('POPCNT sets ZF alone', () => {
    cpu.flags = CF | OF | SF | PF;
    cpu.quad('rcx', -1n);
    cpu.execute('POPCNT_RR_64', { dst: 'rax', src: 'rcx' });
    expect([cpu.quad('rax'), cpu.flags]).toEqual([64n, 0]);
    cpu.execute('POPCNT_RR_16', { dst: 'rax', src: 'rdx' });
    expect(cpu.flags).toBe(ZF);
  });
});
