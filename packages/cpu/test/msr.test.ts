import * as layout from '@vizor/asm/layout/cpu';
import { RAM_BASE_MIN } from '@vizor/asm/layout/memory';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { SystemBench } from './system-bench.ts';

const TSC = 0x10;
const PAT = 0x277;
const EFER = 0xc0000080;
const WALL_CLOCK = 0x4b564d00;
const SYSTEM_TIME = 0x4b564d01;

let bench: SystemBench;
beforeEach(async () => {
  bench = await SystemBench.create();
});

describe('MSRs', () => {
  test.each([
    ['TSC', TSC, 0n],
    ['APIC base', 0x1b, 0xfee00900n],
    ['MTRR capabilities', 0xfe, 0x508n],
    ['PAT', PAT, 0x0007040600070406n],
    ['MTRR default type', 0x2ff, 0n],
    ['EFER', EFER, 0n],
    ['HWCR', 0xc0010015, 0x1000000n],
    ['DE_CFG', 0xc0011029, 2n],
  ])('%s after RESET', (_name, index, value) => {
    expect(bench.readMsr(index)).toBe(value);
  });

  test.each([
    ['SYSENTER_CS', 0x174, 0x10n],
    ['SYSENTER_ESP', 0x175, 0xffff800000001000n],
    ['STAR', 0xc0000081, 0x0023001000000000n],
    ['LSTAR', 0xc0000082, 0xffffffff81000000n],
    ['CSTAR', 0xc0000083, 0xffffffff81001000n],
    ['SFMASK', 0xc0000084, 0x47700n],
    ['FS base', 0xc0000100, 0x7fffffffffffn],
    ['GS base', 0xc0000101, 0xffff888000000000n],
    ['kernel GS base', 0xc0000102, 0xffff888000000000n],
    ['PAT', PAT, 0x0407050600070106n],
    ['MTRR default type', 0x2ff, 0xc06n],
    ['MTRR base', 0x200, 0xff80000006n],
    ['MTRR mask', 0x20f, 0xff80000800n],
    ['MTRR 64K', 0x250, 0x0606060606060606n],
    ['MTRR 16K', 0x259, 0x0505050404040101n],
    ['MTRR 4K', 0x26f, 0x0505050505050505n],
    ['SYSCFG', 0xc0010010, 0x740000n],
    ['TOP_MEM', 0xc001001a, 0x80000000n],
    ['NB_CFG', 0xc001001f, 1n << 46n],
    ['KVM wall clock', WALL_CLOCK, 0x1000n],
  ])('%s keeps what is written', (_name, index, value) => {
    expect(bench.writeMsr(index, value)).toBe(true);
    expect(bench.readMsr(index)).toBe(value);
  });

  test.each([
    ['unknown', 0x12345, 0n],
    ['MTRR capabilities', 0xfe, 0n],
    ['patch level', 0x8b, 0n],
    ['MISC_ENABLE, which is Intel’s', 0x1a0, 1n],
    ['SPEC_CTRL, not announced', 0x48, 0n],
    ['PAT with a reserved type', PAT, 2n],
    ['MTRR with a reserved type', 0x200, 7n],
    ['MTRR base beyond 40 bits', 0x200, 1n << 40n],
    ['MTRR mask with reserved bits', 0x201, 0x400n],
    ['fixed MTRR with UC−', 0x250, 7n << 56n],
    ['default type with reserved bits', 0x2ff, 0x1000n],
    ['LSTAR not canonical', 0xc0000082, 1n << 47n],
    ['GS base not canonical', 0xc0000101, 0xff00000000000000n],
    ['EFER.SVME', EFER, 0x1000n],
    ['EFER reserved', EFER, 1n << 63n],
    ['TOP_MEM not a multiple of 8 MiB', 0xc001001a, 0x1000n],
  ])('a write of %s faults', (_name, index, value) => {
    expect(bench.writeMsr(index, value)).toBe(false);
  });

  test('TscFreqSel and LfenceSerialize stay set; the upper half of TSC_AUX is dropped', () => {
    bench.writeMsr(0xc0010015, 0x10n);
    expect(bench.readMsr(0xc0010015)).toBe(0x1000010n);
    bench.writeMsr(0xc0011029, 0n);
    expect(bench.readMsr(0xc0011029)).toBe(2n);
    bench.writeMsr(0xc0000103, 0x1_0000_0005n);
    expect(bench.readMsr(0xc0000103)).toBe(5n);
  });

  test('EFER: LMA cannot be written, LME not while paging', () => {
    expect(bench.writeMsr(EFER, 0xd01n)).toBe(true);
    expect(bench.readMsr(EFER)).toBe(0x901n);
    bench.enterLong();
    expect(bench.writeMsr(EFER, 0x401n)).toBe(false);
    expect(bench.writeMsr(EFER, 0xd01n)).toBe(true);
    expect(bench.readMsr(EFER)).toBe(0xd01n);
  });

  test('the TSC counts nanoseconds from where it was set', () => {
    bench.time = 1_000_000;
    expect(bench.readMsr(TSC)).toBe(1_000_000n);
    bench.writeMsr(TSC, 5n);
    bench.time += 10;
    expect(bench.readMsr(TSC)).toBe(15n);
    bench.kernel.reset(bench.cpu);
    expect(bench.readMsr(TSC)).toBe(0n);
  });
});

describe('kvmclock', () => {
  /** What a guest computes from the structure, as the ABI says. */
  const guestTime = (gpa: number, tsc: bigint) => {
    const info = bench.ram(gpa);
    const shift = info.getInt8(28);
    const delta = tsc - info.getBigUint64(8, true);
    const shifted = shift >= 0 ? delta << BigInt(shift) : delta >> BigInt(-shift);
    return info.getBigUint64(16, true) + ((shifted * BigInt(info.getUint32(24, true))) >> 32n);
  };

  test('gives guest time, stable, at 1 GHz, also after the TSC was moved', () => {
    bench.time = 123_456;
    bench.writeMsr(TSC, 777n);
    bench.writeMsr(SYSTEM_TIME, 0x2001n);
    const info = bench.ram(0x2000);
    expect(info.getUint32(0, true) & 1).toBe(0);
    expect(info.getUint8(29)).toBe(1);
    // Linux: pvclock_tsc_khz.
    expect(((1_000_000n << 32n) / BigInt(info.getUint32(24, true))) >> BigInt(info.getInt8(28))).toBe(1_000_000n);
    bench.time = 999_999;
    expect(guestTime(0x2000, bench.readMsr(TSC)!)).toBe(999_999n);
    const version = info.getUint32(0, true);
    bench.writeMsr(TSC, 0n);
    expect(info.getUint32(0, true)).toBe(version + 2);
    bench.time = 1_500_000;
    expect(guestTime(0x2000, bench.readMsr(TSC)!)).toBe(1_500_000n);
  });

  test('is left alone when switched off', () => {
    bench.writeMsr(SYSTEM_TIME, 0x2000n);
    expect(bench.ram(0x2000).getUint32(24, true)).toBe(0);
  });

  test('gives the wall clock of guest time 0', () => {
    bench.setQuad(layout.WALL_CLOCK_NS, 1_700_000_000_123_456_789n);
    bench.writeMsr(WALL_CLOCK, 0x3000n);
    expect(bench.ram(0x3004).getUint32(0, true)).toBe(1_700_000_000);
    expect(bench.ram(0x3008).getUint32(0, true)).toBe(123_456_789);
  });
});

test('no MSR write reaches beyond guest RAM, at whatever address', () => {
  const end = RAM_BASE_MIN + 0x100000;
  bench.bytes.fill(0xa5, end, end + 0x10000);
  bench.bytes.fill(0xa5, RAM_BASE_MIN - 0x10000, RAM_BASE_MIN);
  const ends = [0n, 0x100000n, 0x1_0000_0000n, 1n << 40n, 1n << 63n, 1n << 64n];
  const address = fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    fc
      .tuple(fc.constantFrom(...ends), fc.bigInt({ min: -64n, max: 64n }))
      .map(([at, by]) => BigInt.asUintN(64, at + by)),
  );
  fc.assert(
    fc.property(fc.constantFrom(WALL_CLOCK, SYSTEM_TIME), address, (index, value) => {
      bench.writeMsr(index, value);
    }),
    { numRuns: 2000 },
  );
  expect(bench.bytes.subarray(end, end + 0x10000).every((byte) => byte === 0xa5)).toBe(true);
  expect(bench.bytes.subarray(RAM_BASE_MIN - 0x10000, RAM_BASE_MIN).every((byte) => byte === 0xa5)).toBe(true);
});

test('any MSR can be asked for, and what could be written is read back or fixed', () => {
  const index = fc.oneof(
    fc.integer({ min: 0, max: 0x1000 }),
    fc.integer({ min: 0xc0000080, max: 0xc0000110 }),
    fc.integer({ min: 0xc0010000, max: 0xc0011040 }),
    fc.integer({ min: 0x4b564d00, max: 0x4b564d10 }),
    fc.integer().map((n) => n >>> 0),
  );
  fc.assert(
    fc.property(index, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (msr, value) => {
      const written = bench.writeMsr(msr, value);
      const x2apic = msr >= 0x800 && msr < 0x900;
      if (written && !x2apic) expect(bench.readMsr(msr)).toBeDefined();
    }),
    { numRuns: 5000 },
  );
});

describe('CPUID', () => {
  const text = (...registers: number[]) =>
    Buffer.from(Uint32Array.from(registers).buffer).toString('latin1').replaceAll('\0', '');

  test('names the vendor, the processor and the hypervisor', () => {
    const basic = bench.cpuid(0);
    expect(text(basic.ebx, basic.edx, basic.ecx)).toBe('AuthenticAMD');
    const extended = bench.cpuid(0x80000000);
    expect(text(extended.ebx, extended.edx, extended.ecx)).toBe('AuthenticAMD');
    const brand = [2, 3, 4].map((leaf) => bench.cpuid(0x80000000 + leaf));
    expect(text(...brand.flatMap(({ eax, ebx, ecx, edx }) => [eax, ebx, ecx, edx]))).toBe('Vizor x86-64 CPU');
    const host = bench.cpuid(0x40000000);
    expect(text(host.ebx, host.ecx, host.edx)).toBe('KVMKVMKVM');
    expect(host.eax).toBeGreaterThanOrEqual(0x40000010);
  });

  test('announces x86-64-v2 as the psABI lists it, and nothing of v3', () => {
    const one = bench.cpuid(1);
    const extended = bench.cpuid(0x80000001);
    const has = (word: number, ...bits: number[]) => bits.map((bit) => (word >>> bit) & 1);
    // CMOV CX8 FPU FXSR MMX SSE SSE2 | SYSCALL(SCE) LM NX | SSE3 SSSE3 CX16 SSE4.1 SSE4.2 POPCNT | LAHF
    expect(has(one.edx, 15, 8, 0, 24, 23, 25, 26)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(has(extended.edx, 11, 29, 20)).toEqual([1, 1, 1]);
    expect(has(one.ecx, 0, 9, 13, 19, 20, 23)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(has(extended.ecx, 0)).toEqual([1]);
    // FMA MOVBE XSAVE OSXSAVE AVX F16C | LZCNT | BMI1 AVX2 BMI2
    expect(has(one.ecx, 12, 22, 26, 27, 28, 29)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(has(extended.ecx, 5)).toEqual([0]);
    expect(has(bench.cpuid(7).ebx, 3, 5, 8)).toEqual([0, 0, 0]);
  });

  test('repeats the common features in 80000001h', () => {
    const shared = 0x0183f3ff & ~(1 << 7);
    expect(bench.cpuid(0x80000001).edx & shared & ~(1 << 11)).toBe(bench.cpuid(1).edx & shared & ~(1 << 11));
  });

  test('gives frequencies, address widths, one thread in one core', () => {
    expect(bench.cpuid(0x40000010)).toEqual({ eax: 1_000_000, ebx: 1_000_000, ecx: 0, edx: 0 });
    expect(bench.cpuid(0x80000008).eax).toBe(0x3028);
    expect(bench.cpuid(0x80000007).edx).toBe(0x100);
    expect(bench.cpuid(0xb, 0)).toEqual({ eax: 0, ebx: 1, ecx: 0x100, edx: 0 });
    expect(bench.cpuid(0xb, 1)).toEqual({ eax: 0, ebx: 1, ecx: 0x201, edx: 0 });
    expect(bench.cpuid(0xb, 2)).toEqual({ eax: 0, ebx: 0, ecx: 2, edx: 0 });
  });

  test('describes the same caches in 8000001Dh as in 80000005h and 80000006h', () => {
    const size = (index: number) => {
      const { ebx, ecx } = bench.cpuid(0x8000001d, index);
      return ((ebx >>> 22) + 1) * ((ebx & 0xfff) + 1) * (ecx + 1);
    };
    expect(size(0)).toBe((bench.cpuid(0x80000005).ecx >>> 24) * 1024);
    expect(size(1)).toBe((bench.cpuid(0x80000005).edx >>> 24) * 1024);
    expect(size(2)).toBe((bench.cpuid(0x80000006).ecx >>> 16) * 1024);
    expect(bench.cpuid(0x8000001d, 3).eax).toBe(0);
  });

  test('answers zeros for what does not exist', () => {
    const zeros = { eax: 0, ebx: 0, ecx: 0, edx: 0 };
    for (const leaf of [2, 4, 0xd, 0x15, 0x20000000, 0x40000002, 0x80000009, 0x80000022, 0xc0000000, 0xffffffff])
      expect([leaf, bench.cpuid(leaf)]).toEqual([leaf, zeros]);
    expect(bench.cpuid(7, 1)).toEqual(zeros);
  });
});
