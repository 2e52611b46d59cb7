import type { Clock, Timer } from '@vizor/core';

interface HostTimer {
  deadline: number;
  readonly fire: () => void;
}

/**
 * Guest time that follows the host's monotonic clock. Nothing fires by itself: the machine's loop calls {@link poll}
 * and sleeps no longer than until {@link next}. A machine has a dozen timers, so a plain array holds them.
 */
export class HostClock implements Clock {
  readonly #hostNs: () => number;
  readonly #timers: HostTimer[] = [];
  #offset: number;
  /** No timer is due before; may be too early after a disarm, never too late. */
  #next = Infinity;

  /** @param hostNs monotonic host time in nanoseconds, whatever its origin */
  constructor(hostNs: () => number = () => performance.now() * 1e6) {
    this.#hostNs = hostNs;
    this.#offset = Math.floor(hostNs());
  }

  now(): number {
    return Math.floor(this.#hostNs()) - this.#offset;
  }

  /** Let guest time go on from `ns` (a machine that is restored, or was paused). Timers keep their deadlines. */
  set(ns: number): void {
    this.#offset = Math.floor(this.#hostNs()) - ns;
  }

  timer(fire: () => void): Timer {
    const timer: HostTimer = { deadline: Infinity, fire };
    this.#timers.push(timer);
    return {
      arm: (at) => {
        timer.deadline = at;
        if (at < this.#next) this.#next = at;
      },
      disarm: () => {
        timer.deadline = Infinity;
      },
    };
  }

  /** Guest time of the earliest deadline, or Infinity. */
  next(): number {
    return this.#next;
  }

  /** Fire what is due, in order of deadline. What a timer arms meanwhile waits for the next poll, even if it is past. */
  poll(): void {
    const now = this.now();
    if (now < this.#next) return;
    const due = this.#timers.filter((timer) => timer.deadline <= now).sort((a, b) => a.deadline - b.deadline);
    const deadlines = due.map((timer) => timer.deadline);
    for (const [i, timer] of due.entries()) {
      // A timer that fired before may have disarmed or moved this one.
      if (timer.deadline !== deadlines[i]) continue;
      timer.deadline = Infinity;
      timer.fire();
    }
    this.#next = Infinity;
    for (const { deadline } of this.#timers) if (deadline < this.#next) this.#next = deadline;
  }
}
