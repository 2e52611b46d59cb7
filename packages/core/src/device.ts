/** Width of one device access in bytes. */
export type AccessSize = 1 | 2 | 4 | 8;

/**
 * A chip behind x86 I/O ports. `offset` counts from the first port of the range that it was mapped at.
 * Values are unsigned. Anything a guest writes is hostile: a device answers, ignores or counts it, but never throws.
 */
export interface PioDevice {
  pioRead(offset: number, size: 1 | 2 | 4): number;
  pioWrite(offset: number, size: 1 | 2 | 4, value: number): void;
}

/** A chip behind guest physical addresses. `offset` counts from the start of its window; 8-byte accesses arrive split. */
export interface MmioDevice {
  mmioRead(offset: number, size: 1 | 2 | 4): number;
  mmioWrite(offset: number, size: 1 | 2 | 4, value: number): void;
}

/** An interrupt pin as its driver sees it: a level, idempotent. An edge is `set(true)` followed by `set(false)`. */
export interface IrqLine {
  set(level: boolean): void;
}

/** An interrupt pin that leads nowhere. */
export const unconnectedIrq: IrqLine = Object.freeze({ set() {} });

/** A one-shot timer of a {@link Clock}. */
export interface Timer {
  /** Fire once when the clock reaches `atNs`; replaces an earlier deadline. A deadline in the past fires at the next poll. */
  arm(atNs: number): void;
  disarm(): void;
}

/**
 * Guest time in nanoseconds since the machine started, monotonic, as a double (exact to 2^53 ns, about 104 days).
 * Devices read it and arm timers on it; who owns the clock decides what time is (host time, fake time, replayed time).
 */
export interface Clock {
  now(): number;
  timer(fire: () => void): Timer;
}

/** State that a device can hand out and take back: plain data, JSON-safe, versioned by the device's own `v` field. */
export interface Saved<State> {
  save(): State;
  restore(state: State): void;
}
