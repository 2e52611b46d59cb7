// Privileged programs, and the first instructions of a kernel, side by side with QEMU's TCG.

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { VCPU } from '@vizor/asm/layout/memory';
import { loadKernel } from '@vizor/loader';
import { afterEach, describe, expect, test } from 'vitest';
import { Assembler } from '../privileged/assemble.ts';
import {
  longMode,
  modeTour,
  ORIGIN,
  protectedInterrupts,
  protectedStrings,
  tasksAndVirtual86,
} from '../privileged/programs.ts';
import { begin, lockstep, Subject } from './lockstep.ts';
import { MEMORY_MIB, Qemu, WITHOUT_QEMU } from './qemu.ts';

let qemu: Qemu | undefined;
afterEach(() => {
  qemu?.stop();
  qemu = undefined;
});

/** Programs, the labels that they end at, and the bases of the code segments that those are in. */
const PROGRAMS: readonly [string, () => Assembler, string, number][] = [
  ['a tour through all modes', modeTour, 'end', 0],
  ['exceptions, interrupts and gates in protected mode', protectedInterrupts, 'loop', 0],
  ['strings, flags and stack frames', protectedStrings, 'end', 0],
  ['task switches and virtual-8086 mode', tasksAndVirtual86, 'loop', 0x9000],
  ['64-bit mode: faults, system calls, IST', longMode, 'loop', 0],
];

describe.skipIf(WITHOUT_QEMU !== '')(`in step with QEMU${WITHOUT_QEMU && `: ${WITHOUT_QEMU}`}`, () => {
  test.each(PROGRAMS)('%s', async (_name, program, last, base) => {
    const asm = program();
    const bytes = asm.assemble();
    const end = asm.address(last) - base;
    qemu = await Qemu.start([{ address: ORIGIN, bytes }]);
    const subject = new Subject();
    subject.memory.write(ORIGIN, bytes);
    await begin(subject, qemu, ORIGIN);
    const result = await lockstep(subject, qemu, 2000, end);
    expect(result.divergence).toBeUndefined();
    expect(subject.vcpu.registers.get('rip')).toBe(BigInt(end));
    expect(result.steps).toBeGreaterThan(20);

    // At full speed, with operations linked and fused, it comes to the same end.
    const fast = new Subject();
    fast.memory.write(ORIGIN, bytes);
    const { registers } = fast.vcpu;
    registers.set('rdx', 0n);
    registers.setSegment('cs', { ...registers.segment('cs'), selector: 0, base: 0n });
    registers.set('rip', BigInt(ORIGIN));
    fast.vcpu.sync();
    fast.vcpu.run(100_000);
    for (const name of [
      'rax',
      'rbx',
      'rcx',
      'rdx',
      'rsi',
      'rdi',
      'rbp',
      'rsp',
      'r8',
      'r9',
      'cr0',
      'cr2',
      'cr3',
      'cr4',
    ] as const) {
      expect(registers.get(name), name).toBe(subject.vcpu.registers.get(name));
    }
    expect(fast.vcpu.kernel.getFlags(VCPU) & 0x47fd5).toBe(subject.vcpu.kernel.getFlags(VCPU) & 0x47fd5);
    expect(Buffer.from(fast.memory.read(0, 0x100000)).equals(Buffer.from(subject.memory.read(0, 0x100000)))).toBe(true);
  });

  const kernel = findKernel();
  test.skipIf(kernel === undefined)(
    `the first instructions of a kernel${kernel === undefined ? ': there is none in the cache' : ''}`,
    async () => {
      const subject = new Subject();
      const boot = await loadKernel(subject.memory, {
        kernel: readFileSync(kernel!),
        cmdline: 'console=ttyS0',
        cpus: 1,
      });
      // From real mode to where the boot protocol enters.
      const trampoline = new Assembler(16, TRAMPOLINE);
      trampoline
        .cli()
        .lgdt(TRAMPOLINE + 0x80)
        .movFromCr('a', 0)
        .bytes(0x0c, 0x01)
        .movToCr(0, 'a')
        .jmpFar(boot.selectors.code, 'flat', true);
      trampoline.bits(32).label('flat').movi('a', boot.selectors.data);
      for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const) trampoline.movToSeg(name, 'a');
      const { eax, ebx, ecx, edx, esi, edi, ebp, esp } = boot.registers;
      for (const [name, value] of Object.entries({
        a: eax,
        c: ecx,
        d: edx,
        b: ebx,
        sp: esp,
        bp: ebp,
        si: esi,
        di: edi,
      }))
        trampoline.movi(name as 'a', value);
      trampoline
        .bytes(0xe9)
        .imm(boot.entry - (trampoline.here + 4), 4)
        .padTo(TRAMPOLINE + 0x80)
        .imm(boot.gdt.limit, 2)
        .imm(boot.gdt.base, 4);
      subject.memory.write(TRAMPOLINE, trampoline.assemble());
      qemu = await Qemu.start([
        { address: 0, bytes: subject.memory.read(0, 0xa0000) },
        { address: 0x100000, bytes: subject.memory.read(0x100000, MEMORY_MIB * 2 ** 20 - 0x100000) },
      ]);
      await begin(subject, qemu, TRAMPOLINE);
      const { divergence } = await lockstep(subject, qemu, KERNEL_STEPS);
      expect(divergence).toBeUndefined();
    },
  );
});

const TRAMPOLINE = 0x600;
const KERNEL_STEPS = Number(process.env.VIZOR_LOCKSTEP_STEPS ?? 4000);

/** A Linux kernel that the command fetched before. */
function findKernel(): string | undefined {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const files = [process.env.VIZOR_TEST_KERNEL, join(cache, 'vizor', 'cloud.bin')];
  return files.find((file) => file !== undefined && existsSync(file));
}
