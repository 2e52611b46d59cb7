import { assertCompliance, mmioSubject } from '@vizor/testkit';
import { describe, expect, it } from 'vitest';
import { type ApicMessage, IoApic } from '../src/index.ts';

const MASKED = 0x10000;
const LEVEL = 0x8000;
const REMOTE_IRR = 0x4000;
const ACTIVE_LOW = 0x2000;

function setUp() {
  const sent: ApicMessage[] = [];
  const ioapic = new IoApic((message) => sent.push(message));
  const get = (index: number) => {
    ioapic.mmioWrite(0, 4, index);
    return ioapic.mmioRead(0x10, 4);
  };
  const set = (index: number, value: number) => {
    ioapic.mmioWrite(0, 4, index);
    ioapic.mmioWrite(0x10, 4, value);
  };
  const entry = (n: number, low: number, high = 0) => {
    set(0x11 + 2 * n, high);
    set(0x10 + 2 * n, low);
  };
  return { ioapic, sent, get, set, entry, low: (n: number) => get(0x10 + 2 * n) };
}

describe('I/O APIC', () => {
  it('says what it is', () => {
    const { get, set } = setUp();
    expect(get(1)).toBe(0x00170020);
    set(0, 0xff00_0000);
    expect([get(0), get(2)]).toEqual([0x0f00_0000, 0x0f00_0000]);
    set(1, 0);
    expect(get(1)).toBe(0x00170020);
    expect([get(0x10), get(0x3e), get(0x40), get(0xff)]).toEqual([MASKED, MASKED, 0, 0]);
  });

  it('keeps what is writable of an entry', () => {
    const { get, set } = setUp();
    set(0x10, 0xffff_ffff);
    set(0x11, 0xffff_ffff);
    expect([get(0x10), get(0x11)]).toEqual([0x0001_afff, 0xff00_0000]);
  });

  it('sends an edge with all the fields of its entry', () => {
    const { ioapic, sent, entry } = setUp();
    entry(4, 0x0931, 0x0300_0000);
    ioapic.line(4).set(true);
    ioapic.line(4).set(true);
    ioapic.line(4).set(false);
    expect(sent).toEqual([{ destination: 3, logical: true, deliveryMode: 1, vector: 0x31, level: false }]);
    ioapic.line(4).set(true);
    expect(sent.length).toBe(2);
  });

  it('loses edges while masked', () => {
    const { ioapic, sent, entry } = setUp();
    entry(4, MASKED | 0x31);
    ioapic.line(4).set(true);
    entry(4, 0x31);
    expect(sent).toEqual([]);
  });

  it('sends a level once, and again after EOI while it stands', () => {
    const { ioapic, sent, entry, low } = setUp();
    entry(9, LEVEL | 0x59);
    ioapic.line(9).set(true);
    ioapic.line(9).set(false);
    ioapic.line(9).set(true);
    expect([sent.length, low(9)]).toEqual([1, LEVEL | REMOTE_IRR | 0x59]);
    ioapic.endOfInterrupt(0x58);
    expect(sent.length).toBe(1);
    ioapic.endOfInterrupt(0x59);
    expect([sent.length, low(9) & REMOTE_IRR]).toEqual([2, REMOTE_IRR]);
    ioapic.line(9).set(false);
    ioapic.mmioWrite(0x40, 4, 0x59); // the EOI register of version 0x20
    expect([sent.length, low(9) & REMOTE_IRR]).toEqual([2, 0]);
    expect(sent[0].level).toBe(true);
  });

  it('sends a level that stood while masked when it is unmasked', () => {
    const { ioapic, sent, entry } = setUp();
    ioapic.line(10).set(true);
    entry(10, LEVEL | MASKED | 0x40);
    expect(sent).toEqual([]);
    entry(10, LEVEL | 0x40);
    expect(sent.length).toBe(1);
  });

  it('inverts active-low inputs', () => {
    const { ioapic, sent, entry } = setUp();
    ioapic.line(16).set(true);
    entry(16, LEVEL | ACTIVE_LOW | 0x61);
    expect(sent).toEqual([]);
    ioapic.line(16).set(false);
    expect(sent.length).toBe(1);
  });

  it('drops a stuck remote IRR when the entry turns edge-triggered (Linux, __eoi_ioapic_pin)', () => {
    const { ioapic, entry, low } = setUp();
    entry(9, LEVEL | 0x59);
    ioapic.line(9).set(true);
    entry(9, MASKED | 0x59);
    entry(9, MASKED | LEVEL | 0x59);
    expect(low(9) & REMOTE_IRR).toBe(0);
  });

  it('passes ExtINT on as an edge', () => {
    const { ioapic, sent, entry } = setUp();
    entry(0, LEVEL | 0x700);
    ioapic.line(0).set(true);
    expect(sent).toEqual([{ destination: 0, logical: false, deliveryMode: 7, vector: 0, level: false }]);
  });

  it('takes data only as a whole word', () => {
    const { ioapic, low } = setUp();
    ioapic.mmioWrite(0, 1, 0x10);
    ioapic.mmioWrite(0x10, 1, 0x31);
    ioapic.mmioWrite(0x12, 2, 0);
    expect(low(0)).toBe(MASKED);
    expect([ioapic.mmioRead(0x12, 1), ioapic.mmioRead(0x12, 2), ioapic.mmioRead(0x20, 4)]).toEqual([1, 1, 0]);
  });

  it('keeps its promises under hostile accesses', () => {
    assertCompliance(() => {
      const { ioapic, sent } = setUp();
      return mmioSubject(ioapic, 0x44, {
        saved: ioapic,
        events: [
          ...Array.from({ length: 24 }, (_, n) => () => ioapic.line(n).set(true)),
          ...Array.from({ length: 24 }, (_, n) => () => ioapic.line(n).set(false)),
          () => ioapic.endOfInterrupt(sent.at(-1)?.vector ?? 0),
        ],
      });
    });
  });
});
