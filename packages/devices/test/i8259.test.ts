import { bytePorts, PioBus } from '@vizor/bus';
import { assertCompliance, pioSubject, RecordingIrq } from '@vizor/testkit';
import { describe, expect, it } from 'vitest';
import { attachI8259Pair, I8259Pair } from '../src/index.ts';

const MASTER = 0x20;
const SLAVE = 0xa0;

function setUp(icw4 = 1) {
  const intr = new RecordingIrq();
  const pair = new I8259Pair(intr);
  const bus = new PioBus();
  attachI8259Pair(bus, pair);
  const out = (port: number, ...values: number[]) => {
    for (const value of values) bus.write(port, 1, value);
  };
  const inb = (port: number) => bus.read(port, 1);
  out(MASTER, 0x11);
  out(MASTER + 1, 0x20, 0x04, icw4);
  out(SLAVE, 0x11);
  out(SLAVE + 1, 0x28, 0x02, icw4);
  const pulse = (...inputs: number[]) => {
    for (const n of inputs) {
      pair.line(n).set(true);
      pair.line(n).set(false);
    }
  };
  const isr = (port: number) => {
    out(port, 0x0b);
    const value = inb(port);
    out(port, 0x0a);
    return value;
  };
  return { pair, intr, out, inb, pulse, isr };
}

describe('8259A pair', () => {
  it('takes an edge through request, acknowledge and EOI', () => {
    const { pair, intr, out, inb, pulse, isr } = setUp();
    pulse(4);
    expect([intr.level, inb(MASTER)]).toEqual([true, 0x10]);
    expect(pair.acknowledge()).toBe(0x24);
    expect([intr.level, inb(MASTER), isr(MASTER)]).toEqual([false, 0, 0x10]);
    out(MASTER, 0x20);
    expect(isr(MASTER)).toBe(0);
  });

  it('needs a new edge: a line that stays high asks once', () => {
    const { pair, intr, out } = setUp();
    pair.line(4).set(true);
    pair.acknowledge();
    out(MASTER, 0x20);
    pair.line(4).set(true);
    expect(intr.level).toBe(false);
    pair.line(4).set(false);
    pair.line(4).set(true);
    expect(intr.level).toBe(true);
  });

  it('nests: higher inputs interrupt lower ones, not the other way round', () => {
    const { pair, intr, out, pulse } = setUp();
    pulse(5);
    expect(pair.acknowledge()).toBe(0x25);
    pulse(6);
    expect(intr.level).toBe(false);
    pulse(3);
    expect(pair.acknowledge()).toBe(0x23);
    out(MASTER, 0x20); // ends 3
    expect(intr.level).toBe(false);
    out(MASTER, 0x20); // ends 5
    expect(pair.acknowledge()).toBe(0x26);
  });

  it('cascades, with an EOI for each chip', () => {
    const { pair, intr, out, pulse, isr } = setUp();
    pulse(8, 14);
    expect(pair.acknowledge()).toBe(0x28);
    expect([isr(MASTER), isr(SLAVE)]).toEqual([0x04, 0x01]);
    out(SLAVE, 0x20);
    expect(intr.level).toBe(false); // the master still serves its input 2
    out(MASTER, 0x20);
    expect(pair.acknowledge()).toBe(0x2e);
  });

  it('lets the slave interrupt itself in special fully nested mode', () => {
    const { pair, intr, pulse } = setUp(0x11);
    pulse(14);
    pair.acknowledge();
    pulse(8);
    expect(intr.level).toBe(true);
    expect(pair.acknowledge()).toBe(0x28);
  });

  it('gives the spurious vectors of inputs 7 and 15, with no bit in service', () => {
    const { pair, out, isr } = setUp();
    out(0x4d0, 0x20);
    pair.line(5).set(true);
    pair.line(5).set(false);
    expect(pair.acknowledge()).toBe(0x27);
    expect(isr(MASTER)).toBe(0);
  });

  it('follows a level while the ELCR says so, and asks again after EOI', () => {
    const { pair, intr, out, inb } = setUp();
    out(0x4d0, 0xff);
    out(0x4d1, 0xff);
    expect([inb(0x4d0), inb(0x4d1)]).toEqual([0xf8, 0xde]);
    pair.line(11).set(true);
    expect(pair.acknowledge()).toBe(0x2b);
    out(SLAVE, 0x20);
    out(MASTER, 0x20);
    expect(intr.level).toBe(true);
    pair.line(11).set(false);
    expect(intr.level).toBe(false);
  });

  it('masks, and remembers what came while masked', () => {
    const { pair, intr, out, inb, pulse } = setUp();
    out(MASTER + 1, 0xff);
    pulse(1);
    expect([intr.level, inb(MASTER + 1), inb(MASTER)]).toEqual([false, 0xff, 0x02]);
    out(MASTER + 1, 0xfd);
    expect(pair.acknowledge()).toBe(0x21);
  });

  it('forgets edges, masks and service at ICW1', () => {
    const { pair, intr, out, inb, pulse, isr } = setUp();
    pulse(1);
    pair.acknowledge();
    pulse(1, 3);
    out(MASTER, 0x11);
    expect([intr.level, isr(MASTER), inb(MASTER + 1)]).toEqual([false, 0, 0]);
  });

  it('skips ICW3 when single and ICW4 when not announced', () => {
    const { pair, out, inb, pulse } = setUp();
    out(MASTER, 0x12);
    out(MASTER + 1, 0x40, 0xa5);
    expect(inb(MASTER + 1)).toBe(0xa5);
    pulse(1);
    expect(pair.acknowledge()).toBe(0x41);
  });

  it('ends automatically, and rotates so when told', () => {
    const { pair, out, pulse, isr } = setUp(0x03);
    out(MASTER, 0x80);
    pulse(3, 4);
    expect(pair.acknowledge()).toBe(0x23);
    expect(isr(MASTER)).toBe(0);
    pulse(3);
    expect(pair.acknowledge()).toBe(0x24); // 3 went to the end of the queue
    out(MASTER, 0x00);
  });

  it('ends specifically, rotates, sets priority', () => {
    const { pair, out, pulse, isr } = setUp();
    pulse(2, 3, 5);
    pair.acknowledge();
    out(MASTER, 0x65); // specific EOI of 5: not in service
    expect(isr(MASTER)).toBe(0x08);
    out(MASTER, 0xe3); // rotate on specific EOI: 3 is lowest now
    pulse(3);
    expect(pair.acknowledge()).toBe(0x25);
    out(MASTER, 0xa0); // rotate on non-specific EOI: 5 is lowest
    out(MASTER, 0xc0); // set priority: 0 lowest, 1 highest
    pulse(0, 7);
    expect(pair.acknowledge()).toBe(0x23);
    expect(isr(MASTER)).toBe(0x08);
  });

  it('lets lower inputs through in special mask mode', () => {
    const { pair, intr, out, pulse, isr } = setUp();
    pulse(1);
    pair.acknowledge();
    out(MASTER + 1, 0x02);
    pulse(6);
    expect(intr.level).toBe(false);
    out(MASTER, 0x68);
    expect(pair.acknowledge()).toBe(0x26);
    out(MASTER, 0x20); // passes over the masked input 1
    expect(isr(MASTER)).toBe(0x02);
    out(MASTER, 0x48);
    pulse(6);
    expect(intr.level).toBe(false);
  });

  it('answers a poll as an acknowledge', () => {
    const { out, inb, pulse, isr } = setUp();
    out(MASTER, 0x0c);
    expect(inb(MASTER)).toBe(0);
    pulse(6);
    out(MASTER, 0x0c);
    expect(inb(MASTER)).toBe(0x86);
    expect(isr(MASTER)).toBe(0x40);
  });

  it('keeps its promises under hostile accesses', () => {
    assertCompliance(() => {
      const intr = new RecordingIrq();
      const pair = new I8259Pair(intr);
      const bus = new PioBus();
      attachI8259Pair(bus, pair);
      const chips = [pair.master, pair.slave].map((chip) => bytePorts(chip));
      return pioSubject(
        {
          pioRead: (offset, size) =>
            offset < 4 ? chips[offset >> 1].pioRead(offset & 1, size) : bus.read(0x4cc + offset, size),
          pioWrite: (offset, size, value) => {
            if (offset < 4) chips[offset >> 1].pioWrite(offset & 1, size, value);
            else bus.write(0x4cc + offset, size, value);
          },
        },
        6,
        {
          saved: pair,
          events: [
            ...Array.from({ length: 16 }, (_, n) => () => pair.line(n).set(true)),
            ...Array.from({ length: 16 }, (_, n) => () => pair.line(n).set(false)),
            () => {
              const asked = intr.level;
              const vector = pair.acknowledge();
              if (vector < 0 || vector > 0xff) throw new Error(`vector ${vector}`);
              if (!asked && (vector & 7) !== 7) throw new Error(`vector ${vector} without a request`);
            },
          ],
          invariant: () => {
            if (intr.level !== pair.master.requesting) throw new Error('INTR is not what the master says');
          },
        },
      );
    });
  });
});
