// CPUID tables: `struct kvm_cpuid2`, a count and that many entries.

import { VizorError } from '@vizor/core';
import { CAP } from './generated/constants.ts';
import type { RequestName } from './generated/requests.ts';
import { kvm_cpuid_entry2, kvm_cpuid2 } from './generated/structs.ts';
import { type Capability, type IoctlTarget, refusal } from './ioctl.ts';
import { build, type Changes, type Values } from './layout.ts';
import { ERRNO, errno } from './native/libc.ts';

/** What CPUID answers to one `function` (EAX) and, with CPUID_FLAG.SIGNIFCANT_INDEX, `index` (ECX). */
export type CpuidEntry = Values<typeof kvm_cpuid_entry2>;

/** The kernel takes no more (KVM_MAX_CPUID_ENTRIES). */
const MAX_ENTRIES = 256;

/** Read a table with a request that fills in as many entries as there are. */
export function readCpuid(target: IoctlTarget, request: RequestName, needs?: Capability): CpuidEntry[] {
  const table = build(kvm_cpuid2, { nent: MAX_ENTRIES }, MAX_ENTRIES * kvm_cpuid_entry2.size);
  target.transfer(request, table, needs);
  const count = kvm_cpuid2.fields.nent.read(table);
  return Array.from({ length: count }, (_, i) => kvm_cpuid2.fields.entries.at(i).read(table));
}

/** The CPUID of one vCPU. */
export class VcpuCpuid {
  readonly #target: IoctlTarget;

  constructor(target: IoctlTarget) {
    this.#target = target;
  }

  /** What the guest sees: KVM_GET_CPUID2 (KVM_CAP_EXT_CPUID). */
  get(): CpuidEntry[] {
    return readCpuid(this.#target, 'KVM_GET_CPUID2', CAP.EXT_CPUID);
  }

  /** Set what the guest sees, before it runs: KVM_SET_CPUID2 (KVM_CAP_EXT_CPUID). At most 256 entries. */
  set(entries: readonly Changes<typeof kvm_cpuid_entry2>[]): void {
    const table = build(kvm_cpuid2, { nent: entries.length }, entries.length * kvm_cpuid_entry2.size);
    entries.forEach((entry, i) => {
      kvm_cpuid2.fields.entries.at(i).write(table, entry);
    });
    this.#target.transfer('KVM_SET_CPUID2', table, CAP.EXT_CPUID);
  }

  /**
   * What a Hyper-V guest may be shown on this vCPU: KVM_GET_SUPPORTED_HV_CPUID, API §4.118 (KVM_CAP_HYPERV_CPUID).
   */
  hyperv(): CpuidEntry[] {
    return readCpuid(this.#target, 'KVM_GET_SUPPORTED_HV_CPUID', CAP.HYPERV_CPUID);
  }

  /**
   * The oldest form, without indices: KVM_SET_CPUID, API §4.20 (basic). Each entry is `function` and four registers.
   */
  setWithoutIndices(entries: readonly Pick<CpuidEntry, 'function' | 'eax' | 'ebx' | 'ecx' | 'edx'>[]): void {
    const words = new Uint32Array(2 + entries.length * 6);
    words[0] = entries.length;
    entries.forEach((entry, i) => {
      words.set([entry.function, entry.eax, entry.ebx, entry.ecx, entry.edx], 2 + i * 6);
    });
    this.#target.transfer('KVM_SET_CPUID', words);
  }
}

/** Lists of 32-bit numbers that the kernel refuses with E2BIG, and the right count, until they are large enough. */
export function readNumberList(target: IoctlTarget, request: RequestName, needs?: Capability): number[] {
  let list = new Uint32Array(1);
  for (let attempt = 0; attempt < 4; attempt += 1) {
    list[0] = list.length - 1;
    if (target.attemptTransfer(request, list) >= 0) return [...list.subarray(1, 1 + list[0])];
    const number = errno();
    if (number !== ERRNO.E2BIG) throw refusal(request, target.descriptor.what, number, needs);
    list = new Uint32Array(1 + list[0]);
  }
  throw new VizorError('host', request, 'the list keeps growing while it is read');
}
