import { gzipSync } from 'node:zlib';
import { VizorError } from '@vizor/core';
import { GuestMemory } from '@vizor/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOOT_LAYOUT, type KernelOptions, loadKernel } from '../src/index.ts';
import { bzImage, elf } from './images.ts';

const MIB = 2 ** 20;
const pvhElf = (): Uint8Array => elf({ pvh: 0x100000, memorySize: 0x3000 });

function load(kernel: Uint8Array, options: Partial<KernelOptions> = {}, memory = new GuestMemory(16 * MIB)) {
  return loadKernel(memory, { kernel, cmdline: 'console=ttyS0', cpus: 1, ...options });
}

describe('PVH', () => {
  it('enters through the note with hvm_start_info in EBX', async () => {
    const memory = new GuestMemory(16 * MIB);
    memory.write(0x101000, Uint8Array.of(1, 2, 3));
    const initramfs = new Uint8Array(5000).fill(7);
    const state = await load(pvhElf(), { initramfs }, memory);
    expect(state).toMatchObject({ protocol: 'pvh', mode: 'protected32', entry: 0x100000 });
    const info = state.registers.ebx;
    expect(memory.readU32(info)).toBe(0x336ec578);
    expect(memory.readU32(info + 4)).toBe(1);
    expect(memory.readU32(info + 12)).toBe(1);
    const module = Number(memory.readU64(info + 16));
    expect(memory.readU64(module)).toBe(BigInt(state.initramfs!.start));
    expect(memory.readU64(module + 8)).toBe(5000n);
    expect(memory.read(state.initramfs!.start, 5000)).toEqual(initramfs);
    const cmdline = memory.read(Number(memory.readU64(info + 24)), 14);
    expect(Buffer.from(cmdline).toString()).toBe('console=ttyS0\0');
    expect(Buffer.from(memory.read(Number(memory.readU64(info + 32)), 8)).toString()).toBe('RSD PTR ');
    expect(memory.readU32(info + 48)).toBe(3);
    const map = Number(memory.readU64(info + 40));
    expect([memory.readU64(map + 48), memory.readU64(map + 56), memory.readU32(map + 64)]).toEqual([
      0x100000n,
      BigInt(15 * MIB),
      1,
    ]);
    // What lies in memory but not in the file is zero, whatever was there.
    expect(memory.readU32(0x101000)).toBe(0);
  });

  it('loads a 32-bit ELF too', async () => {
    expect(await load(elf({ bits: 32, pvh: 0x100000 }))).toMatchObject({ protocol: 'pvh', entry: 0x100000 });
  });

  it('is chosen for a bzImage whose payload has the note', async () => {
    expect((await load(bzImage({ payload: gzipSync(pvhElf()) }))).protocol).toBe('pvh');
    expect((await load(bzImage({ payload: gzipSync(pvhElf()) }), { protocol: 'bzimage' })).protocol).toBe('linux32');
    expect((await load(bzImage({ payload: gzipSync(elf()) }))).protocol).toBe('linux32');
  });
});

describe('the 32-bit boot protocol', () => {
  it('enters the protected-mode part with boot_params in ESI', async () => {
    const memory = new GuestMemory(3584 * MIB);
    const initramfs = new Uint8Array(0x1800);
    const state = await load(bzImage({ initrdMax: 0x37ffffff }), { initramfs }, memory);
    expect(state).toMatchObject({ protocol: 'linux32', entry: 0x100000 });
    expect(state.initramfs).toEqual({ start: 0x38000000 - 0x2000, end: 0x38000000 - 0x800 });
    const params = state.registers.esi;
    expect(memory.read(0x100000, 16)).toEqual(new Uint8Array(16).fill(0xf4));
    expect(Buffer.from(memory.read(params + 0x202, 4)).toString()).toBe('HdrS');
    expect(memory.read(params + 0x210, 1)[0]).toBe(0xff);
    expect(memory.readU32(params + 0x228)).toBe(BOOT_LAYOUT.CMDLINE);
    expect(memory.readU32(params + 0x218)).toBe(state.initramfs!.start);
    expect(memory.readU32(params + 0x21c)).toBe(0x1800);
    expect(memory.readU32(params + 0x070)).toBe(BOOT_LAYOUT.ACPI);
    expect(memory.read(params + 0x1e8, 1)[0]).toBe(4);
    expect(memory.readU64(params + 0x2d0 + 60)).toBe(BigInt(2 ** 32));
  });

  it('has flat segments in its GDT', async () => {
    const memory = new GuestMemory(16 * MIB);
    const { gdt, selectors } = await load(bzImage(), {}, memory);
    expect(memory.readU64(gdt.base + selectors.code)).toBe(0x00cf9b000000ffffn);
    expect(memory.readU64(gdt.base + selectors.data)).toBe(0x00cf93000000ffffn);
    expect(memory.readU64(gdt.base + selectors.task)).toBe(0x00008b0000000067n);
    expect(gdt.limit).toBe(selectors.task + 7);
  });
});

describe('what cannot be booted', () => {
  const fill = (length: number, parts: Record<number, string>): Uint8Array => {
    const bytes = Buffer.alloc(length);
    for (const [at, value] of Object.entries(parts)) bytes.write(value, Number(at), 'latin1');
    return bytes;
  };
  const corrupt = gzipSync(pvhElf());
  corrupt.fill(0x55, 20, 60);
  const cases: readonly (readonly [label: string, kernel: Uint8Array, message: RegExp])[] = [
    ['an empty file', new Uint8Array(0), /kernel: is an empty file/],
    ['text', fill(100, { 0: 'hello' }), /kernel: is not a kernel/],
    ['an ARM64 Image', fill(4096, { 0: 'MZ', 56: 'ARM\x64' }), /for 64-bit ARM, not for x86/],
    ['a RISC-V Image', fill(4096, { 56: 'RSC\x05' }), /for RISC-V/],
    ['an ARM64 ELF', elf({ machine: 183, pvh: 0x100000 }), /is for 64-bit ARM, not for x86/],
    ['an ARM ELF', elf({ bits: 32, machine: 40 }), /is for ARM, not for x86/],
    ['an initramfs', fill(512, { 0: '070701' }), /is a cpio archive, perhaps the initramfs/],
    ['an EFI program', fill(512, { 0: 'MZ' }), /is a program for EFI or DOS/],
    ['a compressed file', gzipSync(pvhElf()), /compressed with gzip, not a kernel \(unpack it first\)/],
    ['a boot sector', fill(512, { 510: '\x55\xaa' }), /is a disk image or a boot sector/],
    ['a truncated bzImage', bzImage({ payload: gzipSync(pvhElf()) }).subarray(0, 1040), /bzImage: is truncated/],
    ['a truncated ELF', pvhElf().subarray(0, 180), /ELF kernel: is truncated/],
    ['a corrupt payload', bzImage({ payload: corrupt }), /gzip payload: is corrupt/],
    ['a payload of nothing', bzImage({ payload: new Uint8Array(64) }), /bzImage: is corrupt: its payload is no kernel/],
    ['an ELF without PVH', elf(), /has no PVH entry point \(give its bzImage, or build it with CONFIG_PVH\)/],
    ['an entry outside', elf({ pvh: 0x5000 }), /its PVH entry 0x5000 lies outside it/],
    ['a load address below 1 MiB', elf({ pvh: 0x7000, address: 0x7000 }), /loaded at 0x7000, below 1 MiB/],
    ['an ELF too large', elf({ pvh: 0x100000, memorySize: 64 * MIB }), /64 MiB, the guest has 16 MiB/],
    ['a bzImage too large', bzImage({ initSize: 64 * MIB }), /it needs 64 MiB from 1 MiB up, the guest has 16 MiB/],
    ['an old bzImage', bzImage({ version: 0x201 }), /older than boot protocol 2.02/],
  ];

  it.each(cases)('%s is told apart', async (_, kernel, message) => {
    const error = await load(kernel).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(VizorError);
    expect(error).toMatchObject({ code: 'image' });
    expect((error as VizorError).message).toMatch(message);
    expect((error as VizorError).message).not.toContain('\n');
  });

  it.each([pvhElf(), bzImage()])('an initramfs that does not fit is named with sizes', async (kernel) => {
    const initramfs = new Uint8Array(20 * MIB);
    await expect(load(kernel, { initramfs })).rejects.toThrow(
      /initramfs: does not fit: 20 MiB, and 1[45]\.\d MiB of 16 MiB are left above the kernel/,
    );
  });

  it('a command line too long for the kernel is refused', async () => {
    await expect(load(bzImage(), { cmdline: 'x'.repeat(256) })).rejects.toThrow(/256 bytes.*no more than 255/);
    await expect(load(pvhElf(), { cmdline: 'x'.repeat(3000) })).rejects.toThrow(/no more than 2047/);
    await expect(load(pvhElf(), { cmdline: 'a\0b' })).rejects.toThrow(/NUL/);
    await expect(load(pvhElf(), { protocol: 'bzimage' })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('hostile files', () => {
  const memory = new GuestMemory(4 * MIB);
  const outside = memory.bytes.subarray(0, memory.ramBase);

  const survives = async (kernel: Uint8Array): Promise<void> => {
    const error = await loadKernel(memory, { kernel, cmdline: '', cpus: 1 }).then(
      (state) => {
        expect(memory.offsetOf(state.entry, 1)).toBeGreaterThanOrEqual(0);
      },
      (each: unknown) => each,
    );
    if (error === undefined) return;
    expect(error).toBeInstanceOf(VizorError);
    expect(error).toMatchObject({ code: 'image' });
  };

  const seeds = [
    pvhElf(),
    elf({ bits: 32, pvh: 0x100000 }),
    bzImage(),
    bzImage({ payload: gzipSync(pvhElf()) }),
    bzImage({ payload: pvhElf() }),
  ];
  const word = fc.constantFrom(
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fffffff,
    0x80000000,
    0xfffff000,
    0xffffffff,
    0x100000,
  );

  it('damaged in a few words load or are refused', async () => {
    const change = fc.tuple(fc.nat({ max: 1100 }), fc.oneof(word, fc.nat({ max: 0xffffffff })));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...seeds), fc.array(change, { maxLength: 6 }), async (seed, changes) => {
        const kernel = seed.slice();
        const view = new DataView(kernel.buffer);
        for (const [at, value] of changes) if (at + 4 <= kernel.length) view.setUint32(at, value, true);
        await survives(kernel);
      }),
      { numRuns: 1000 },
    );
    expect(outside.every((byte) => byte === 0)).toBe(true);
  });

  it('cut short load or are refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...seeds), fc.nat({ max: 1200 }), async (seed, length) => {
        await survives(seed.subarray(0, length));
      }),
      { numRuns: 500 },
    );
  });

  it('of random bytes are refused', async () => {
    const magic = fc.constantFrom([], [0x7f, 0x45, 0x4c, 0x46, 2, 1], [0x7f, 0x45, 0x4c, 0x46, 1, 1], [0x4d, 0x5a]);
    await fc.assert(
      fc.asyncProperty(magic, fc.uint8Array({ maxLength: 200 }), async (start, rest) => {
        await survives(Uint8Array.of(...start, ...rest));
      }),
      { numRuns: 500 },
    );
  });
});
