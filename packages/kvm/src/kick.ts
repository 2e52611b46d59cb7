import { VizorError } from '@vizor/core';
import { kvm_run } from './generated/structs.ts';
import { Mapping } from './native/mapping.ts';
import { signalThread } from './native/signals.ts';
import { Ownership, type VcpuHandle } from './vcpu-ownership.ts';

/** The signal that gets a thread out of KVM_RUN: a real-time one, which nothing else in Node uses. */
export const KICK_SIGNAL = 42;

/**
 * Gets a vCPU out of KVM_RUN from another thread. Nothing is lost: `immediate_exit` ends the run that is about to
 * start, the signal the one in progress. Post what the vCPU shall see *before* kicking.
 */
export class Kicker {
  readonly #ownership: Ownership;
  readonly #page: Mapping;

  /**
   * It maps `kvm_run` a second time, so that the page outlives the vCPU's own mapping: the kernel keeps the VM until this
   * is disposed, too.
   * @throws VizorError `usage` when the vCPU is closed
   */
  constructor(handle: VcpuHandle) {
    this.#ownership = new Ownership(handle.words);
    if (this.#ownership.closed) throw new VizorError('usage', `vCPU ${handle.id}`, 'kicked after it was closed');
    this.#page = new Mapping(handle.fd, handle.mapSize);
  }

  /** End the run in progress, or else the next one. False when the vCPU takes no kicks, or is gone. */
  kick(): boolean {
    kvm_run.fields.immediate_exit.write(this.#page.view, 1);
    const thread = this.#ownership.kickable;
    return thread !== 0 && signalThread(thread, KICK_SIGNAL);
  }

  [Symbol.dispose](): void {
    this.#page[Symbol.dispose]();
  }
}
