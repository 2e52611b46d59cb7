import { bytePorts } from '@vizor/bus';
import { assertCompliance, FakeClock, pioSubject, RecordingIrq } from '@vizor/testkit';
import { describe, expect, it } from 'vitest';
import { I8254, PIT_HZ, PortB } from '../src/index.ts';

const CONTROL = 3;

function setUp() {
  const clock = new FakeClock();
  const rises: number[] = [];
  const irq = new RecordingIrq(() => rises.push(clock.now()));
  const pit = new I8254({ irq, clock });
  const portB = new PortB(pit, clock);
  let tick = 0;
  /** Move to the middle of the clock pulse `n` after the present one. */
  const pulses = (n: number) => {
    tick += n;
    clock.advance(Math.round(((tick + 0.5) * 1e9) / PIT_HZ) - clock.now());
  };
  pulses(0);
  const program = (channel: number, mode: number, count: number, bcd = 0) => {
    pit.write(CONTROL, (channel << 6) | 0x30 | (mode << 1) | bcd);
    pit.write(channel, count & 0xff);
    pit.write(channel, count >> 8);
  };
  const word = (channel: number) => pit.read(channel) | (pit.read(channel) << 8);
  const count = (channel: number) => {
    pit.write(CONTROL, channel << 6);
    return word(channel);
  };
  const status = (channel: number) => {
    pit.write(CONTROL, 0xe0 | (2 << channel));
    return pit.read(channel);
  };
  const gate2 = (level: boolean) => portB.write(0, level ? 1 : 0);
  /** OUT of channel 2 during each of the next `n` pulses. */
  const wave = (n: number) => {
    let text = '';
    for (let i = 0; i < n; i++) {
      text += pit.out2 ? '-' : '_';
      pulses(1);
    }
    return text;
  };
  return { clock, irq, rises, pit, portB, pulses, program, word, count, status, gate2, wave };
}

describe('8254', () => {
  // The waveforms are those of the datasheet's figures 15 to 20; the first pulse is the one the count is written in.
  it('mode 0: low until N+1 pulses after the count, held by the gate', () => {
    const { gate2, program, wave, count } = setUp();
    gate2(true);
    program(2, 0, 4);
    expect(wave(8)).toBe('_____---');
    expect(count(2)).toBe(0xfffd);
    program(2, 0, 4);
    expect(wave(2)).toBe('__');
    gate2(false);
    expect([wave(9), count(2)]).toEqual(['_________', 3]);
    gate2(true);
    expect(wave(5)).toBe('___--');
  });

  it('mode 0: half a count stops it', () => {
    const { pit, gate2, program, wave, pulses } = setUp();
    gate2(true);
    program(2, 0, 4);
    pulses(10);
    pit.write(2, 3);
    expect(wave(10)).toBe('__________');
    pit.write(2, 0);
    expect(wave(6)).toBe('____--');
  });

  it('mode 1: a trigger gives a low of N, a second one starts it over', () => {
    const { gate2, program, wave } = setUp();
    program(2, 1, 3);
    expect(wave(3)).toBe('---');
    gate2(true);
    expect(wave(6)).toBe('-___--');
    gate2(false);
    gate2(true);
    expect(wave(3)).toBe('-__');
    gate2(false);
    gate2(true);
    expect(wave(6)).toBe('___---');
  });

  it('mode 2: low in the last of every N, high without gate', () => {
    const { gate2, program, wave } = setUp();
    gate2(true);
    program(2, 2, 3);
    expect(wave(10)).toBe('---_--_--_');
    gate2(false);
    expect(wave(4)).toBe('----');
    gate2(true);
    expect(wave(7)).toBe('---_--_');
  });

  it('modes 2 and 3: a new count waits for the end of the period', () => {
    const { pit, gate2, program, wave, pulses, status } = setUp();
    gate2(true);
    program(2, 2, 4);
    pulses(1 + 40 + 1);
    pit.write(2, 2);
    pit.write(2, 0);
    expect(status(2) & 0x40).toBe(0x40);
    expect(wave(7)).toBe('--_-_-_');
    expect(status(2) & 0x40).toBe(0);
  });

  it.each([
    [4, '---__--__--'],
    [5, '----__---__'],
  ])('mode 3: a square wave of %i', (n, expected) => {
    const { gate2, program, wave } = setUp();
    gate2(true);
    program(2, 3, n);
    expect(wave(11)).toBe(expected);
  });

  it('mode 4: one low pulse after N+1', () => {
    const { gate2, program, wave } = setUp();
    gate2(true);
    program(2, 4, 3);
    expect(wave(8)).toBe('----_---');
  });

  it('mode 5: one low pulse N+1 after the trigger', () => {
    const { gate2, program, wave } = setUp();
    program(2, 5, 3);
    expect(wave(2)).toBe('--');
    gate2(true);
    expect(wave(8)).toBe('----_---');
  });

  it('counts a count of 0 as the whole range, binary and BCD', () => {
    const { gate2, program, count, pulses, wave } = setUp();
    gate2(true);
    program(2, 0, 0);
    pulses(1 + 0xffff);
    expect([count(2), wave(2)]).toEqual([1, '_-']);
    program(2, 0, 0, 1);
    pulses(1 + 1);
    expect(count(2)).toBe(0x9999);
    pulses(9998);
    expect([count(2), wave(2)]).toEqual([1, '_-']);
  });

  it('shows mode 3 counting down by two', () => {
    const { gate2, program, count, pulses } = setUp();
    gate2(true);
    program(2, 3, 10);
    const seen = [];
    for (let i = 0; i < 10; i++) {
      pulses(1);
      seen.push(count(2));
    }
    expect(seen).toEqual([10, 8, 6, 4, 2, 10, 8, 6, 4, 2]);
  });

  it('latches counts until they are read, and only once', () => {
    const { pit, gate2, program, pulses, word } = setUp();
    gate2(true);
    program(2, 0, 0x1234);
    pulses(1 + 4);
    pit.write(CONTROL, 0x80);
    pulses(100);
    pit.write(CONTROL, 0x80);
    expect(word(2)).toBe(0x1230);
    expect(word(2)).toBe(0x1234 - 104);
  });

  it('reads back status before count', () => {
    const { pit, gate2, program, pulses, status } = setUp();
    gate2(true);
    program(2, 2, 0x0100);
    expect(status(2)).toBe(0xf4); // OUT, null count, both bytes, mode 2
    pulses(1);
    pit.write(CONTROL, 0xc8);
    expect([pit.read(2), pit.read(2), pit.read(2)]).toEqual([0xb4, 0x00, 0x01]);
  });

  it('reads and writes one byte of a count when told so', () => {
    const { pit, gate2, pulses } = setUp();
    gate2(true);
    pit.write(CONTROL, 0x90);
    pit.write(2, 0x80);
    pulses(1 + 2);
    expect([pit.read(2), pit.read(2)]).toEqual([0x7e, 0x7e]);
    pit.write(CONTROL, 0xa0);
    pit.write(2, 0x80);
    pulses(1 + 2);
    expect([pit.read(2), pit.read(2)]).toEqual([0x7f, 0x7f]);
  });

  it('interrupts at 100 Hz in mode 2 as Linux sets it, for hours, without drift', () => {
    const { clock, rises, program } = setUp();
    program(0, 2, 11932);
    rises.length = 0;
    const start = clock.now();
    clock.advance(3600e9);
    expect(rises.length).toBe(Math.floor((3600 * PIT_HZ - 1) / 11932));
    const last = rises[rises.length - 1];
    expect(Math.abs(last - start - (rises.length * 11932 * 1e9) / PIT_HZ)).toBeLessThan(2000);
  });

  it('draws the ticks that the host slept through together, and stays on the grid', () => {
    const { clock, irq, rises, program } = setUp();
    program(0, 2, 11932);
    clock.advance(25e6);
    const before = irq.rises;
    clock.jump(1e9);
    expect(irq.rises).toBe(before + 1);
    clock.advance(10e6);
    const phase = (rises[rises.length - 1] - rises[rises.length - 3]) / ((11932 * 1e9) / PIT_HZ);
    expect(phase).toBeCloseTo(Math.round(phase), 3);
  });

  it.each([
    [0, 10],
    [4, 11],
  ])('mode %i interrupts once', (mode, delay) => {
    const { rises, irq, program, pulses } = setUp();
    program(0, mode, 10);
    const before = irq.rises;
    pulses(delay);
    expect(irq.rises).toBe(before);
    pulses(1);
    expect(irq.rises).toBe(before + 1);
    pulses(200_000);
    expect(irq.rises).toBe(before + 1);
    expect(rises.length).toBe(irq.rises);
  });

  it('times with channel 2 as Linux calibrates the TSC (quick_pit_calibrate)', () => {
    const { pit, portB, pulses } = setUp();
    portB.write(0, (portB.read() & ~2) | 1);
    pit.write(CONTROL, 0xb0);
    pit.write(2, 0xff);
    pit.write(2, 0xff);
    pit.read(2);
    expect(pit.read(2)).toBe(0xff);
    pulses(1);
    for (let i = 1; i < 20; i++) {
      pulses(256);
      pit.read(2);
      expect(pit.read(2)).toBe(0xff - i);
    }
    expect(portB.read() & 0x21).toBe(0x01);
    pulses(65536);
    expect(portB.read() & 0x21).toBe(0x21);
  });

  it('toggles the refresh bit with time', () => {
    const { clock, portB } = setUp();
    const before = portB.read() & 0x10;
    clock.advance(15_085);
    expect(portB.read() & 0x10).toBe(before ^ 0x10);
  });

  it('keeps its promises under hostile accesses', () => {
    assertCompliance(() => {
      const { pit, portB, clock, irq } = setUp();
      const ports = bytePorts({
        read: (offset) => (offset < 4 ? pit.read(offset) : portB.read()),
        write: (offset, value) => (offset < 4 ? pit.write(offset, value) : portB.write(0, value)),
      });
      const jump = (ns: number) => () => {
        irq.rises = 0;
        clock.jump(ns);
        if (irq.rises > 1) throw new Error(`${irq.rises} interrupts at once`);
      };
      return pioSubject(ports, 5, {
        clock,
        events: [jump(1), jump(900), jump(1e6), jump(1e12), () => clock.advance(5000)],
        invariant: () => {
          if (clock.next() <= clock.now() - 1e12) throw new Error('timer in the past');
        },
        saved: {
          save: () => ({ pit: pit.save(), portB: portB.save() }),
          restore: (state) => {
            const { pit: first, portB: second } = state as {
              pit: ReturnType<I8254['save']>;
              portB: ReturnType<PortB['save']>;
            };
            pit.restore(first);
            portB.restore(second);
          },
        },
      });
    });
  });
});
