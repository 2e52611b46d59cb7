// Runs a vCPU in a thread of its own until told to stop.

import { workerData } from 'node:worker_threads';
import { EXIT, Vcpu, type VcpuHandle } from '@vizor/kvm';
import { WORD } from './words.ts';

interface WorkerInput {
  readonly handle: VcpuHandle;
  /** Words of {@link WORD}. */
  readonly words: SharedArrayBuffer;
}

function main({ handle, words }: WorkerInput): void {
  const shared = new Int32Array(words);
  using vcpu = Vcpu.adopt(handle);
  vcpu.acceptKicks();
  Atomics.store(shared, WORD.READY, 1);
  Atomics.notify(shared, WORD.READY);
  while (Atomics.load(shared, WORD.STOP) === 0) {
    const reason = vcpu.run();
    Atomics.add(shared, WORD.EXITS, 1);
    if (reason === EXIT.IO) Atomics.or(shared, WORD.PORTS, 1 << (vcpu.page.io.read() & 31));
    Atomics.store(shared, WORD.SEEN, Atomics.load(shared, WORD.REQUESTED));
    Atomics.notify(shared, WORD.SEEN);
  }
}

main(workerData as WorkerInput);
