import { describe, expect, it } from 'vitest';
import { HostClock } from '../src/clock.ts';

function setUp() {
  let host = 5_000.75;
  const clock = new HostClock(() => host);
  const fired: string[] = [];
  return {
    clock,
    fired,
    pass: (ns: number) => {
      host += ns;
    },
    timer: (name: string, then: () => void = () => {}) =>
      clock.timer(() => {
        fired.push(`${name}@${clock.now()}`);
        then();
      }),
  };
}

describe('HostClock', () => {
  it('starts at 0, in whole nanoseconds', () => {
    const { clock, pass } = setUp();
    expect(clock.now()).toBe(0);
    pass(10.5);
    expect(clock.now()).toBe(11);
  });

  it('fires what is due, earliest first, each once', () => {
    const { clock, fired, pass, timer } = setUp();
    timer('late').arm(30);
    timer('early').arm(10);
    timer('never');
    expect(clock.next()).toBe(10);
    clock.poll();
    pass(20);
    clock.poll();
    expect([fired, clock.next()]).toEqual([['early@20'], 30]);
    pass(20);
    clock.poll();
    clock.poll();
    expect([fired, clock.next()]).toEqual([['early@20', 'late@40'], Infinity]);
  });

  it('takes a new deadline for the old one, and none after disarm', () => {
    const { clock, fired, pass, timer } = setUp();
    const moved = timer('moved');
    moved.arm(10);
    moved.arm(50);
    const off = timer('off');
    off.arm(10);
    off.disarm();
    pass(20);
    clock.poll();
    expect([fired, clock.next()]).toEqual([[], 50]);
  });

  it('lets a timer disarm, move and re-arm others and itself while it fires', () => {
    const { clock, fired, pass, timer } = setUp();
    const victim = timer('victim');
    const moved = timer('moved');
    const self = timer('self', () => {
      victim.disarm();
      moved.arm(100);
      self.arm(5); // past already: the next poll's
    });
    self.arm(10);
    victim.arm(11);
    moved.arm(12);
    pass(20);
    clock.poll();
    expect([fired, clock.next()]).toEqual([['self@20'], 5]);
    clock.poll();
    expect(fired).toEqual(['self@20', 'self@20']);
  });

  it('goes on from a time that it is given', () => {
    const { clock, pass } = setUp();
    pass(100);
    clock.set(7_000);
    expect(clock.now()).toBe(7_000);
    pass(1);
    expect(clock.now()).toBe(7_001);
  });

  it('follows the host by default', () => {
    const clock = new HostClock();
    const before = clock.now();
    expect(clock.now()).toBeGreaterThanOrEqual(before);
  });
});
