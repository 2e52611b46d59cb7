// Whose a vCPU is: all of its requests belong to one thread, for they wait while KVM_RUN is in progress.

import { VizorError } from '@vizor/core';
import { threadId } from './native/signals.ts';

/** Words that the threads share about one vCPU. */
const OWNER = 0;
const KICKABLE = 1;
const RING_POSITION = 2;
const WORDS = 3;
/** Values of the owner's word that are no thread. */
const NOBODY = 0;
const CLOSED = -1;

/** A vCPU on its way to another thread: plain data for `postMessage` and `workerData`. */
export interface VcpuHandle {
  readonly id: number;
  readonly fd: number;
  readonly mapSize: number;
  readonly words: SharedArrayBuffer;
}

/** Who owns a vCPU, as all threads see it. */
export class Ownership {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(shared = new SharedArrayBuffer(WORDS * 4)) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
  }

  /** Make it the calling thread's. False when it has an owner, or is closed. */
  claim(): boolean {
    return Atomics.compareExchange(this.#words, OWNER, NOBODY, threadId) === NOBODY;
  }

  giveUp(): void {
    Atomics.store(this.#words, KICKABLE, NOBODY);
    Atomics.store(this.#words, OWNER, NOBODY);
  }

  close(): void {
    Atomics.store(this.#words, KICKABLE, NOBODY);
    Atomics.store(this.#words, OWNER, CLOSED);
  }

  get owned(): boolean {
    return Atomics.load(this.#words, OWNER) > 0;
  }

  get closed(): boolean {
    return Atomics.load(this.#words, OWNER) === CLOSED;
  }

  /** The owner blocks the kick's signal from now on, and may be sent it. */
  acceptKicks(): void {
    Atomics.store(this.#words, KICKABLE, threadId);
  }

  /** The thread to send the kick's signal to, or 0. */
  get kickable(): number {
    return Atomics.load(this.#words, KICKABLE);
  }

  /** The owner's place in the ring of written pages. */
  get ringPosition(): number {
    return this.#words[RING_POSITION];
  }

  set ringPosition(entry: number) {
    this.#words[RING_POSITION] = entry;
  }

  /** @throws VizorError `usage` when the vCPU is not the calling thread's */
  require(what: string): void {
    const owner = this.#words[OWNER];
    if (owner === threadId) return;
    const problem =
      owner === CLOSED
        ? 'used after it was closed'
        : owner === NOBODY
          ? 'used after it was handed over'
          : `used from thread ${threadId}, but it belongs to thread ${owner}`;
    throw new VizorError('usage', what, problem, { hint: 'a vCPU’s calls belong to the thread that adopted it' });
  }
}
