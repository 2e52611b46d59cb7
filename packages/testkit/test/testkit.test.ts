import type { PioDevice } from '@vizor/core';
import { describe, expect, it } from 'vitest';
import { assertCompliance, FakeClock, pioSubject, RecordingIrq } from '../src/index.ts';

describe('compliance suite', () => {
  const good: PioDevice = { pioRead: () => 0, pioWrite() {} };

  it('passes a device that keeps the promises', () => {
    assertCompliance(() => pioSubject(good, 4), 50);
  });

  it.each<[string, Partial<PioDevice>]>([
    ['throws', { pioWrite: (offset) => (offset === 3 ? raise() : undefined) }],
    ['gives a negative value', { pioRead: () => -1 }],
    ['gives a value too wide', { pioRead: () => 0x100 }],
    ['gives a fraction', { pioRead: () => 0.5 }],
    ['gives nothing a number', { pioRead: () => Number.NaN }],
  ])('catches one that %s', (_, fault) => {
    expect(() => assertCompliance(() => pioSubject({ ...good, ...fault }, 4))).toThrow();
  });

  it('catches state that does not survive saving', () => {
    const make = () => {
      const device = { latch: 0 };
      return pioSubject({ pioRead: () => device.latch, pioWrite: (_o, _s, value) => (device.latch = value & 1) }, 1, {
        saved: { save: () => ({ latch: device.latch }), restore() {} },
      });
    };
    expect(() => assertCompliance(make)).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringMatching(/restored/) }) }),
    );
  });

  it('drives events and checks the invariant', () => {
    const irq = new RecordingIrq();
    const invariant = () => {
      if (irq.rises > 2) raise();
    };
    const events = [() => irq.set(true), () => irq.set(false)];
    expect(() => assertCompliance(() => pioSubject(good, 1, { events, invariant }))).toThrow();
  });
});

describe('FakeClock', () => {
  it('fires in order of deadline, each at its own time', () => {
    const clock = new FakeClock(100);
    const log: string[] = [];
    const name = (text: string) => clock.timer(() => log.push(`${text}@${clock.now()}`));
    name('b').arm(120);
    name('a').arm(110);
    name('past').arm(50);
    name('later').arm(131);
    clock.advance(30);
    expect([log, clock.now(), clock.next()]).toEqual([['past@100', 'a@110', 'b@120'], 130, 131]);
  });

  it('fires a periodic timer once per period when it advances, once in all when it jumps', () => {
    const clock = new FakeClock();
    let fires = 0;
    const timer = clock.timer(() => {
      fires++;
      timer.arm(clock.now() + 10);
    });
    timer.arm(10);
    clock.advance(100);
    expect(fires).toBe(10);
    clock.jump(100);
    expect(fires).toBe(11);
  });
});

function raise(): never {
  throw new Error('fault');
}
