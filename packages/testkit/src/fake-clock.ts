import type { Clock, Timer } from '@vizor/core';

/** Fires per advance after which a timer is taken to re-arm itself for ever. */
const RUNAWAY = 10_000_000;

/** A clock that moves only when told to. Timers fire in order of deadline, each with `now()` at its own deadline. */
export class FakeClock implements Clock {
  #now: number;
  readonly #armed = new Map<object, { at: number; fire: () => void }>();

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  timer(fire: () => void): Timer {
    const key = {};
    return {
      arm: (at) => {
        this.#armed.set(key, { at, fire });
      },
      disarm: () => {
        this.#armed.delete(key);
      },
    };
  }

  /** Earliest deadline, or Infinity. */
  next(): number {
    let earliest = Infinity;
    for (const { at } of this.#armed.values()) earliest = Math.min(earliest, at);
    return earliest;
  }

  /** Let `ns` nanoseconds pass. */
  advance(ns: number): void {
    const end = this.#now + ns;
    for (let fires = 0; this.next() <= end; fires++) {
      if (fires === RUNAWAY) throw new Error('fake clock: a timer re-arms itself without moving on');
      this.#fireEarliest();
    }
    this.#now = end;
  }

  /** Jump by `ns` as a host that was suspended does: each timer that came due fires once, late, at the new time. */
  jump(ns: number): void {
    this.#now += ns;
    const due = [...this.#armed].filter(([, { at }]) => at <= this.#now).sort((a, b) => a[1].at - b[1].at);
    for (const [key, timer] of due) {
      if (this.#armed.get(key) !== timer) continue;
      this.#armed.delete(key);
      timer.fire();
    }
  }

  #fireEarliest(): void {
    const earliest = this.next();
    for (const [key, { at, fire }] of this.#armed) {
      if (at !== earliest) continue;
      this.#armed.delete(key);
      this.#now = Math.max(this.#now, at);
      fire();
      return;
    }
  }
}
