// One program on both sides, an instruction at a time, and what they must agree on after each.

import * as layout from '@vizor/asm/layout/cpu';
import { VCPU } from '@vizor/asm/layout/memory';
import { type GeneralRegister, type SegmentName, SoftwareVcpu } from '@vizor/cpu';
import { GuestMemory } from '@vizor/memory';
import { Decoder, DecoderOptions, Mnemonic, RflagsBits } from 'iced-x86';
import type { GdbRegisters } from './gdb.ts';
import { MEMORY_MIB, type Qemu } from './qemu.ts';

const GENERAL: readonly GeneralRegister[] = [
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
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];
const SEGMENTS: readonly SegmentName[] = ['cs', 'ss', 'ds', 'es', 'fs', 'gs'];
const CONTROL = ['cr0', 'cr2', 'cr3', 'cr4', 'efer'] as const;
/** RF is not compared: QEMU does not set it in what faults save. Nor bits that do not exist. */
const FLAGS = 0x267fd5;
const CR4_MASK = 0xffffffn;
const LOW = 0xffffffffn;

/** Instructions whose results are the processor's own: ours takes over what QEMU's answers. */
const OWN_ANSWERS = new Set<number>([Mnemonic.Cpuid, Mnemonic.Rdmsr, Mnemonic.Rdtsc, Mnemonic.Rdtscp]);

/** Repetitions of more iterations are not stepped through one by one: both sides run to their end. */
const LONG_REPETITION = 64n;

/** iced's flags and ours. */
const UNDEFINED: readonly [number, number][] = [
  [RflagsBits.OF, 0x800],
  [RflagsBits.SF, 0x80],
  [RflagsBits.ZF, 0x40],
  [RflagsBits.AF, 0x10],
  [RflagsBits.CF, 1],
  [RflagsBits.PF, 4],
];

export interface Divergence {
  step: number;
  /** Address and text of the instruction after which the sides differed. */
  at: string;
  differences: string[];
}

/** Our side: a vCPU over bare memory, in its state after RESET. */
export class Subject {
  readonly memory = new GuestMemory(MEMORY_MIB * 2 ** 20);
  readonly vcpu: SoftwareVcpu;

  constructor() {
    this.vcpu = new SoftwareVcpu(this.memory, {
      pioRead: () => 0xffffffff,
      pioWrite: () => {},
      mmioRead: () => 0,
      mmioWrite: () => {},
      now: () => 0,
      acknowledgeInterrupt: () => 0,
      endOfInterrupt: () => {},
    });
  }

  step(): void {
    this.vcpu.registers.setWord(layout.STEP, 1);
    this.vcpu.run(1);
    this.vcpu.kernel.updateMode(VCPU);
  }

  get mode(): 16 | 32 | 64 {
    const mode = this.vcpu.registers.word(layout.MODE);
    return mode & layout.MODE_LONG64 ? 64 : mode & layout.MODE_D32 ? 32 : 16;
  }

  /** The instruction at RIP, found through the identity mapping that the programs have, or undefined. */
  decode() {
    const { registers } = this.vcpu;
    const base = this.mode === 64 ? 0n : registers.segment('cs').base;
    const linear = registers.get('rip') + base;
    // Kernel addresses of Linux map to where the kernel was loaded.
    const physical = Number(linear >= 0xffffffff80000000n ? linear - 0xffffffff80000000n : linear & LOW);
    return new Decoder(this.mode, this.memory.read(physical, 15), DecoderOptions.None).decode();
  }
}

/** Put both sides at `entry` in real mode, with general registers all 0. */
export async function begin(subject: Subject, qemu: Qemu, entry: number): Promise<void> {
  const { registers } = subject.vcpu;
  for (const name of GENERAL) {
    registers.set(name, 0n);
    await qemu.gdb.setRegister(name, 0n);
  }
  registers.setSegment('cs', { ...registers.segment('cs'), selector: 0, base: 0n });
  registers.set('rip', BigInt(entry));
  subject.vcpu.sync();
  await qemu.gdb.setRegister('cs', 0n);
  await qemu.gdb.setRegister('rip', BigInt(entry));
}

/**
 * Step both sides until RIP is `end`, or `most` times. Answers how many steps were made and the first divergence.
 */
export async function lockstep(
  subject: Subject,
  qemu: Qemu,
  most: number,
  end?: number,
): Promise<{ steps: number; divergence?: Divergence }> {
  const { registers, kernel } = subject.vcpu;
  let undefinedFlags = 0;
  let state = await qemu.gdb.registers();
  for (let step = 0; step < most; step++) {
    if (end !== undefined && registers.get('rip') === BigInt(end)) return { steps: step };
    const instruction = subject.decode();
    const at = `${registers.get('rip').toString(16)} ${Mnemonic[instruction.mnemonic]}`;
    undefinedFlags = (undefinedFlags & ~flagsOf(instruction.rflagsModified)) | flagsOf(instruction.rflagsUndefined);
    if (instruction.hasRepPrefix && (registers.get('rcx') & LOW) > LONG_REPETITION) {
      const from = registers.get('rip');
      while (registers.get('rip') === from) subject.step();
      await qemu.gdb.runTo(registers.get('rip'));
    } else {
      await qemu.gdb.step();
      subject.step();
    }
    state = await qemu.gdb.registers();
    if (OWN_ANSWERS.has(instruction.mnemonic)) {
      for (const name of ['rax', 'rbx', 'rcx', 'rdx'] as const) registers.set(name, state.get(name)!);
    }
    instruction.free();
    const differences = compare(subject, state, kernel.getFlags(VCPU), ~undefinedFlags);
    if (differences.length > 0) {
      return { steps: step, divergence: { step, at, differences } };
    }
  }
  return { steps: most };
}

function flagsOf(iced: number): number {
  return UNDEFINED.reduce((flags, [bit, ours]) => (iced & bit ? flags | ours : flags), 0);
}

function compare(subject: Subject, state: GdbRegisters, flags: number, defined: number): string[] {
  const { registers } = subject.vcpu;
  const differences: string[] = [];
  const check = (name: string, ours: bigint, mask: bigint) => {
    const theirs = state.get(name);
    if (theirs !== undefined && ((ours ^ theirs) & mask) !== 0n) {
      differences.push(`${name}: ours ${ours.toString(16)}, QEMU's ${theirs.toString(16)}`);
    }
  };
  const wide = subject.mode === 64;
  const all = 0xffffffffffffffffn;
  for (const [i, name] of GENERAL.entries()) if (wide || i < 8) check(name, registers.get(name), wide ? all : LOW);
  check('rip', registers.get('rip'), all);
  check('eflags', BigInt(flags), BigInt(FLAGS & defined));
  for (const name of SEGMENTS) check(name, BigInt(registers.segment(name).selector), 0xffffn);
  for (const name of CONTROL) check(name, registers.get(name), name === 'cr4' ? CR4_MASK : all);
  if (wide) {
    check('fs_base', registers.segment('fs').base, all);
    check('gs_base', registers.segment('gs').base, all);
    check('k_gs_base', registers.quad(layout.MSR_KERNEL_GS_BASE), all);
  }
  return differences;
}
