import { isDeepStrictEqual } from 'node:util';
import type { MmioDevice, PioDevice, Saved } from '@vizor/core';
import fc from 'fast-check';
import type { FakeClock } from './fake-clock.ts';

/** A device under test and what drives it. */
export interface Subject {
  /** Guest side; `length` bytes of ports or window. */
  readonly read: (offset: number, size: 1 | 2 | 4) => number;
  readonly write: (offset: number, size: 1 | 2 | 4, value: number) => void;
  readonly length: number;
  /** Things that happen meanwhile: time passes, input arrives, a vector is acknowledged. */
  readonly events?: readonly (() => void)[];
  /** Checked after every access: throw when a promise of the device is broken. */
  readonly invariant?: () => void;
  readonly saved?: Saved<unknown>;
  /** The clock that the device reads; before a restore the fresh device's is brought to the time of the save. */
  readonly clock?: FakeClock;
}

/** A subject from a {@link PioDevice}. */
export function pioSubject(
  device: PioDevice,
  length: number,
  rest: Omit<Subject, 'read' | 'write' | 'length'> = {},
): Subject {
  return {
    ...rest,
    length,
    read: (offset, size) => device.pioRead(offset, size),
    write: (offset, size, value) => device.pioWrite(offset, size, value),
  };
}

/** A subject from an {@link MmioDevice}. */
export function mmioSubject(
  device: MmioDevice,
  length: number,
  rest: Omit<Subject, 'read' | 'write' | 'length'> = {},
): Subject {
  return {
    ...rest,
    length,
    read: (offset, size) => device.mmioRead(offset, size),
    write: (offset, size, value) => device.mmioWrite(offset, size, value),
  };
}

type Step =
  | { kind: 'read'; at: number; size: 1 | 2 | 4 }
  | { kind: 'write'; at: number; size: 1 | 2 | 4; value: number }
  | { kind: 'event'; at: number };

const size = fc.constantFrom<1 | 2 | 4>(1, 1, 1, 2, 4);
const value = fc.oneof(
  fc.integer({ min: 0, max: 0xff }),
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 0xff, 0xffff_ffff),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('read' as const), at: fc.nat(), size }),
  fc.record({ kind: fc.constant('write' as const), at: fc.nat(), size, value }),
  fc.record({ kind: fc.constant('event' as const), at: fc.nat() }),
);

/**
 * The promises that every device makes to the bus, under hostile accesses in any order:
 *
 * 1. no access throws;
 * 2. what is read is an unsigned integer that fits the access;
 * 3. state survives `save`, JSON and `restore` into a fresh device unchanged.
 *
 * Runs fast-check; throws with the shrunken counterexample.
 */
export function assertCompliance(make: () => Subject, runs = 300): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const subject = make();
      for (const one of steps) apply(subject, one);
      if (subject.saved !== undefined) assertSurvivesSaving(subject.saved, subject, make());
    }),
    { numRuns: runs },
  );
}

function apply(subject: Subject, one: Step): void {
  if (one.kind === 'event') {
    const events = subject.events ?? [];
    if (events.length > 0) events[one.at % events.length]();
  } else if (one.size <= subject.length) {
    const offset = one.at % (subject.length - one.size + 1);
    if (one.kind === 'write') subject.write(offset, one.size, one.value);
    else assertFits(subject.read(offset, one.size), offset, one.size);
  }
  subject.invariant?.();
}

function assertFits(got: number, offset: number, bytes: number): void {
  if (!Number.isInteger(got) || got < 0 || got >= 2 ** (8 * bytes)) {
    throw new Error(`read of ${bytes} bytes at offset ${offset} gave ${got}`);
  }
}

function assertSurvivesSaving(original: Saved<unknown>, subject: Subject, fresh: Subject): void {
  const copy = fresh.saved!;
  const state = original.save();
  const text = JSON.stringify(state);
  if (subject.clock !== undefined) fresh.clock?.advance(subject.clock.now() - fresh.clock.now());
  copy.restore(JSON.parse(text));
  if (!isDeepStrictEqual(copy.save(), state)) {
    throw new Error(`saved ${text}\nbut restored ${JSON.stringify(copy.save())}`);
  }
}
