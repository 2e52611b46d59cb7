// Real-time signals between threads: the way to get a thread out of a blocking ioctl.

import { VizorError } from '@vizor/core';
import { describeErrno } from './errno.ts';
import { ERRNO, errno, getpid, pthreadSigmask, signal, sigtimedwait, syscall } from './libc.ts';
import { systemError } from './system-error.ts';

const SYS_GETTID = 186;
const SYS_TGKILL = 234;
const SIG_BLOCK = 0;
const SIG_IGN = 1;
/** glibc's sigset_t; the kernel looks at the first 8 bytes. */
const SIGSET_SIZE = 128;
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** The kernel's id of this thread (gettid(2)), the same for the life of a worker. */
export const threadId: number = syscall(SYS_GETTID, 0, 0, 0);

const noTimeout = new Uint8Array(16);

function setOf(number: number): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(number) || number < SIGRTMIN || number > SIGRTMAX) {
    throw new VizorError('usage', 'signal', `${number} is not a real-time signal`, {
      hint: `choose one of ${SIGRTMIN} to ${SIGRTMAX}`,
    });
  }
  const set = new Uint8Array(SIGSET_SIZE);
  set[(number - 1) >> 3] = 1 << ((number - 1) & 7);
  return set;
}

/** A signal that this thread has blocked, to be let in where it waits for it and taken off the queue elsewhere. */
export class BlockedSignal {
  readonly number: number;
  /** The kernel's mask of this thread (8 bytes) with this signal let in. */
  readonly maskWithout: Uint8Array<ArrayBuffer>;
  readonly #set: Uint8Array<ArrayBuffer>;

  /**
   * Block a real-time signal in this thread. The process ignores it from now on: a stray one, to a thread that has not
   * blocked it, must not end the process. A blocked signal is queued all the same (kernel/signal.c, sig_ignored).
   */
  constructor(number: number) {
    this.number = number;
    this.#set = setOf(number);
    if (Number(signal(number, SIG_IGN)) === -1) throw systemError(`ignore signal ${number}`);
    const before = new Uint8Array(SIGSET_SIZE);
    const failure = pthreadSigmask(SIG_BLOCK, this.#set, before);
    if (failure !== 0) throw new VizorError('host', `block signal ${number}`, describeErrno(failure));
    this.maskWithout = before.slice(0, 8);
    this.maskWithout[(number - 1) >> 3] &= ~this.#set[(number - 1) >> 3];
  }

  /** Take every queued signal of this number off this thread's queue. Returns how many there were. */
  drain(): number {
    let taken = 0;
    while (sigtimedwait(this.#set, null, noTimeout) === this.number) taken += 1;
    return taken;
  }
}

/** Send a signal to one thread of this process (tgkill(2)). False when there is no such thread any more. */
export function signalThread(thread: number, number: number): boolean {
  if (syscall(SYS_TGKILL, getpid(), thread, number) === 0) return true;
  if (errno() === ERRNO.ESRCH) return false;
  throw systemError(`signal thread ${thread}`);
}
