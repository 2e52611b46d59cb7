import type { Form } from '../../packages/cpu/src/opcodes/index.ts';

interface Reason {
  readonly mnemonics: RegExp;
  readonly reason: string;
}

/** Forms that are not run against the host, and why. */
export const UNTESTED: readonly Reason[] = [
  { mnemonics: /^(rdtsc|rdtscp|rdpmc|cpuid)$/, reason: 'the answer is that of the machine, not of the instruction' },
  { mnemonics: /^(syscall|sysenter)$/, reason: 'enters the kernel of the host' },
  { mnemonics: /^(sgdt|sidt|sldt|str|smsw)$/, reason: 'the kernel of the host emulates it (UMIP)' },
  { mnemonics: /^(lfs|lgs|pop\.fs|pop\.gs)$/, reason: 'would take FS or GS from the process that tests' },
  { mnemonics: /^int1$/, reason: 'hypervisors differ in where they say that it was' },
];

export function reasonUntested(form: Form): string | undefined {
  return UNTESTED.find(({ mnemonics }) => mnemonics.test(form.mnemonic))?.reason;
}
