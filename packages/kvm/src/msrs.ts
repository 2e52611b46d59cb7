// Model-specific registers: `struct kvm_msrs`, a count and that many entries.

import { VizorError } from '@vizor/core';
import { kvm_msr_entry, kvm_msrs } from './generated/structs.ts';
import type { Capability, IoctlTarget } from './ioctl.ts';
import { build, type View } from './layout.ts';

/** The kernel takes no more at once (MAX_IO_MSRS, less one page's header). */
const MAX_AT_ONCE = 255;

const entryAt = (i: number) => kvm_msrs.fields.entries.at(i);

function tableOf(entries: readonly (readonly [number, bigint])[]): View {
  const table = build(kvm_msrs, { nmsrs: entries.length }, entries.length * kvm_msr_entry.size);
  entries.forEach(([index, data], i) => {
    entryAt(i).write(table, { index, data });
  });
  return table;
}

function refused(request: string, index: number): VizorError {
  return new VizorError('host', request, `MSR 0x${index.toString(16)} is refused`, {
    hint: 'the host does not have it, the vCPU’s CPUID hides it, or the value has a reserved bit set',
  });
}

/** Model-specific registers behind a descriptor: a vCPU's, or the host's feature MSRs. */
export class Msrs {
  protected readonly target: IoctlTarget;
  readonly #needs: Capability | undefined;

  constructor(target: IoctlTarget, needs?: Capability) {
    this.target = target;
    this.#needs = needs;
  }

  /**
   * Values by index: KVM_GET_MSRS, API §4.18. @throws VizorError `host`, naming the first MSR that is refused
   */
  read(indices: readonly number[]): Map<number, bigint> {
    const values = new Map<number, bigint>();
    for (let from = 0; from < indices.length; from += MAX_AT_ONCE) {
      const part = indices.slice(from, from + MAX_AT_ONCE);
      const table = tableOf(part.map((index) => [index, 0n]));
      const done = this.target.transfer('KVM_GET_MSRS', table, this.#needs);
      if (done < part.length) throw refused('KVM_GET_MSRS', part[done]);
      part.forEach((index, i) => {
        values.set(index, entryAt(i).read(table).data);
      });
    }
    return values;
  }

  /** Those of the indices that can be read, refused ones left out. */
  readAvailable(indices: readonly number[]): Map<number, bigint> {
    const values = new Map<number, bigint>();
    for (let from = 0; from < indices.length; ) {
      const part = indices.slice(from, from + MAX_AT_ONCE);
      const table = tableOf(part.map((index) => [index, 0n]));
      const done = this.target.transfer('KVM_GET_MSRS', table, this.#needs);
      for (let i = 0; i < done; i += 1) values.set(part[i], entryAt(i).read(table).data);
      from += done < part.length ? done + 1 : done;
    }
    return values;
  }
}

/** The model-specific registers of one vCPU. */
export class VcpuMsrs extends Msrs {
  /**
   * Write them in order: KVM_SET_MSRS, API §4.19 (basic). @throws VizorError `host`, naming the first MSR that is
   * refused; those before it are written
   */
  write(values: Iterable<readonly [number, bigint]>): void {
    const entries = [...values];
    for (let from = 0; from < entries.length; from += MAX_AT_ONCE) {
      const part = entries.slice(from, from + MAX_AT_ONCE);
      const done = this.target.transfer('KVM_SET_MSRS', tableOf(part));
      if (done < part.length) throw refused('KVM_SET_MSRS', part[done][0]);
    }
  }
}
