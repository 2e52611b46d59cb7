import { bytePorts } from '@vizor/bus';
import { assertCompliance, FakeClock, pioSubject, RecordingIrq } from '@vizor/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mc146818 } from '../src/index.ts';

const [A, B, C, D] = [0x0a, 0x0b, 0x0c, 0x0d];
const MIB = 2 ** 20;
const NOON = Date.UTC(2026, 1, 28, 12, 59, 58, 250);

function setUp(start = NOON, memory = { below4G: 512 * MIB, above4G: 0 }) {
  const clock = new FakeClock(12_345);
  const irq = new RecordingIrq();
  const rtc = new Mc146818({ irq, clock, wallClock: () => start, memory });
  const get = (index: number) => {
    rtc.write(0, index);
    return rtc.read(1);
  };
  const set = (index: number, value: number) => {
    rtc.write(0, index);
    rtc.write(1, value);
  };
  /** Century, year, month, day, weekday, hours, minutes, seconds, in hexadecimal digits. */
  const time = () => [0x32, 9, 8, 7, 6, 4, 2, 0].map((index) => get(index).toString(16).padStart(2, '0')).join(' ');
  return { clock, irq, rtc, get, set, time };
}

const seconds = (n: number) => n * 1e9;

describe('MC146818', () => {
  it('tells the time in BCD and 24 hours, and goes on with the guest clock', () => {
    const { clock, time } = setUp();
    expect(time()).toBe('20 26 02 28 07 12 59 58');
    clock.advance(749_999_999);
    expect(time()).toBe('20 26 02 28 07 12 59 58');
    clock.advance(1);
    expect(time()).toBe('20 26 02 28 07 12 59 59');
    clock.advance(seconds(11 * 3600 + 1));
    expect(time()).toBe('20 26 03 01 01 00 00 00');
  });

  it('tells it in binary, and on the 12-hour clock', () => {
    const { set, time, clock } = setUp();
    set(B, 0x06);
    expect(time()).toBe('14 1a 02 1c 07 0c 3b 3a');
    set(B, 0x00);
    expect(time()).toBe('20 26 02 28 07 92 59 58');
    clock.advance(seconds(2));
    expect(time()).toBe('20 26 02 28 07 81 00 00');
    clock.advance(seconds(11 * 3600));
    expect(time()).toBe('20 26 03 01 01 12 00 00');
  });

  it.each([0x00, 0x02, 0x04, 0x06])('is set with SET as it is read, in format %i', (format) => {
    const moment = fc.date({ min: new Date('1970-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(moment, (date) => {
        const source = setUp(date.getTime());
        source.set(B, format);
        const { set, clock, time } = setUp();
        set(B, format | 0x80);
        for (const index of [0, 2, 4, 6, 7, 8, 9, 0x32]) set(index, source.get(index));
        clock.advance(seconds(100));
        set(B, format);
        expect(time()).toBe(source.time());
        // The divider chain was never stopped: seconds change when they always did.
        clock.advance(749_999_999);
        expect(time()).toBe(source.time());
      }),
      { numRuns: 50 },
    );
  });

  it('is set as Linux does it, with the divider in reset: the first second takes half of one', () => {
    const { set, time, clock, get } = setUp();
    set(B, 0x82);
    set(A, 0x76);
    for (const [index, value] of Object.entries({ 0: 0x30, 2: 0x15, 4: 0x08, 7: 0x31, 8: 0x12, 9: 0x99, 50: 0x19 })) {
      set(Number(index), value);
    }
    set(B, 0x02);
    clock.advance(seconds(10));
    set(A, 0x26);
    expect(time()).toBe('19 99 12 31 06 08 15 30');
    clock.advance(499_999_999);
    expect(get(0)).toBe(0x30);
    clock.advance(1);
    expect(get(0)).toBe(0x31);
  });

  it('shows an update coming 244 microseconds ahead, but not while set', () => {
    const { get, set, clock } = setUp();
    clock.advance(750_000_000 - 244_001);
    expect(get(A)).toBe(0x26);
    clock.advance(1);
    expect(get(A)).toBe(0xa6);
    set(B, 0x82);
    expect(get(A)).toBe(0x26);
    set(B, 0x02);
    clock.advance(244_000);
    expect(get(A)).toBe(0x26);
  });

  it('interrupts after an update, once until register C is read', () => {
    const { irq, get, set, clock } = setUp();
    get(C);
    set(B, 0x12);
    clock.advance(749_999_999);
    expect(irq.level).toBe(false);
    clock.advance(1);
    expect(irq.level).toBe(true);
    clock.advance(seconds(5));
    expect(irq.rises).toBe(1);
    expect(get(C) & 0x90).toBe(0x90);
    expect([irq.level, get(C)]).toEqual([false, 0]);
    clock.advance(seconds(1));
    expect(irq.rises).toBe(2);
  });

  it('raises flags without the enables too', () => {
    const { irq, get, clock } = setUp();
    get(C);
    clock.advance(seconds(1));
    expect([get(C), irq.rises]).toEqual([0x50, 0]);
  });

  it.each([
    [1, 256],
    [2, 128],
    [3, 8192],
    [6, 1024],
    [15, 2],
  ])('periodic rate %i is %i Hz', (rate, hertz) => {
    const { irq, get, set, clock, rtc } = setUp();
    set(A, 0x20 | rate);
    set(B, 0x42);
    let served = 0;
    rtc.write(0, C);
    const end = clock.now() + seconds(2);
    while (clock.next() <= end) {
      clock.advance(clock.next() - clock.now());
      if (irq.level) {
        rtc.read(1);
        served++;
      }
    }
    expect(served).toBe(2 * hertz);
    set(A, 0x20);
    get(C);
    clock.advance(seconds(1));
    expect(irq.rises).toBe(served);
  });

  it.each([
    ['at a time', 0x13, 0x00, 0x01, 3],
    ['every hour', 0xff, 0x00, 0x05, 7],
    ['every minute', 0xc0, 0xc0, 0x59, 1],
    ['every second', 0xff, 0xff, 0xff, 1],
    ['tomorrow', 0x12, 0x59, 0x58, 86_400],
  ])('alarms %s', (_, hour, minute, second, after) => {
    const { irq, get, set, clock } = setUp(Math.floor(NOON / 1000) * 1000);
    set(5, hour);
    set(3, minute);
    set(1, second);
    get(C);
    set(B, 0x22);
    clock.advance(seconds(after) - 1);
    expect(irq.level).toBe(false);
    clock.advance(1);
    expect([irq.level, get(C) & 0xa0]).toEqual([true, 0xa0]);
  });

  it('never alarms at a time that no day has', () => {
    const { irq, set, clock } = setUp();
    set(5, 0x24);
    set(B, 0x22);
    expect(clock.next()).toBe(Infinity);
    clock.jump(seconds(1e6));
    expect(irq.rises).toBe(0);
  });

  it('is valid, has RAM, and the NMI mask', () => {
    const { rtc, get, set } = setUp();
    expect(get(D)).toBe(0x80);
    set(0x7f, 0x5a);
    expect(get(0x7f)).toBe(0x5a);
    expect(rtc.read(0)).toBe(0xff);
    rtc.write(0, 0x8f);
    expect(rtc.nmiMasked).toBe(true);
    rtc.write(0, 0x0f);
    expect(rtc.nmiMasked).toBe(false);
  });

  it.each([
    [2 * MIB, 0, 1024, 0, 0],
    [64 * MIB, 0, 64512, 768, 0],
    [3072 * MIB, 0, 65535, 48896, 0],
    [3072 * MIB, 5 * 1024 * MIB, 65535, 48896, 81920],
  ])('reports %i bytes below 4 GiB and %i above', (below4G, above4G, extended, above16M, high) => {
    const { get } = setUp(NOON, { below4G, above4G });
    const word = (at: number) => get(at) | (get(at + 1) << 8);
    expect(word(0x15)).toBe(640);
    expect([word(0x17), word(0x30)]).toEqual([extended, extended]);
    expect(word(0x34)).toBe(above16M);
    expect(word(0x5b) | (get(0x5d) << 16)).toBe(high);
  });

  it('keeps its promises under hostile accesses', () => {
    assertCompliance(() => {
      const { rtc, clock } = setUp();
      return pioSubject(bytePorts(rtc), 2, {
        saved: rtc,
        clock,
        events: [
          () => clock.advance(1e6),
          () => clock.jump(seconds(1)),
          () => clock.jump(seconds(1e5)),
          // The registers that matter are few among 128.
          ...[0, 1, 4, 5, A, B, C, 0x32].map((index) => () => rtc.write(0, index)),
        ],
        invariant: () => {
          if (clock.next() < clock.now() - seconds(1e5)) throw new Error('timer in the past');
        },
      });
    }, 500);
  });
});
