import { bytePorts, PioBus } from '@vizor/bus';
import { unconnectedIrq } from '@vizor/core';
import { FakeClock } from '@vizor/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attachI8259Pair, attachMc146818, I8259Pair, Mc146818, Uart16550 } from '../src/index.ts';
import { haveQemu, runQtest } from './qtest.ts';

/** Run the same script on our chips. */
function runTwin(bus: PioBus, script: readonly string[]): number[] {
  const values: number[] = [];
  for (const line of script) {
    const [command, first, second] = line.split(' ');
    if (command === 'outb') bus.write(Number(first), 1, Number(second));
    else values.push(bus.read(Number(first), 1));
  }
  return values;
}

/** The script with what was read by both beside it, up to the first difference, for a failure one can read. */
function trace(script: readonly string[], ours: readonly number[], theirs: readonly number[], at: number): string {
  let read = -1;
  const lines: string[] = [];
  for (const line of script) {
    if (line.startsWith('inb')) read++;
    lines.push(
      line.startsWith('inb') ? `${line} ours ${ours[read]?.toString(16)} QEMU ${theirs[read]?.toString(16)}` : line,
    );
    if (read === at && line.startsWith('inb')) break;
  }
  return lines.slice(-40).join('\n');
}

async function compare(bus: PioBus, args: string[], script: string[]): Promise<void> {
  const theirs = await runQtest(args, script);
  const ours = runTwin(bus, script);
  const different = ours.findIndex((value, i) => value !== theirs[i]);
  if (different >= 0) throw new Error(trace(script, ours, theirs, different));
  expect(ours).toEqual(theirs);
}

const byte = fc.integer({ min: 0, max: 0xff });
const out = (port: number, value: number) => `outb 0x${port.toString(16)} ${value}`;
const inb = (port: number) => `inb 0x${port.toString(16)}`;

/** The same random script every time: what differs is a finding, not luck. */
function sample(step: fc.Arbitrary<string[]>, steps: number): string[] {
  return fc.sample(step, { numRuns: steps, seed: 20_261_121 }).flat();
}

describe.skipIf(!haveQemu)("agrees with QEMU (skipped without Debian's qemu-system-x86)", () => {
  it.each([
    ['master', 0x20, [3, 5, 6, 7]],
    ['slave', 0xa0, [8, 10, 12, 15]],
  ] as const)('8259A %s', async (_, port, inputs) => {
    // QEMU's inputs are driven by serial ports: the transmitter interrupt follows its enable. Ours are wired alike.
    const bases = [0x3f8, 0x2f8, 0x3e8, 0x2e8];
    const args = bases.flatMap((base, i) => [
      '-chardev',
      `null,id=c${i}`,
      '-device',
      `isa-serial,chardev=c${i},iobase=${base},irq=${inputs[i]}`,
    ]);
    const bus = new PioBus();
    const pair = new I8259Pair(unconnectedIrq);
    attachI8259Pair(bus, pair);
    for (const [i, base] of bases.entries()) {
      const enable = { read: () => 0, write: (_: number, value: number) => pair.line(inputs[i]).set(value !== 0) };
      bus.map(base + 1, 1, bytePorts(enable), `input ${i}`);
    }
    const lower = bases.map((base) => out(base + 1, 0));
    // QEMU looks at a line again only when it moves.
    const settle = bases.flatMap((base) => [out(base + 1, 0), out(base + 1, 2), out(base + 1, 0)]);
    const init = (icw4: number) => [
      ...lower,
      out(port, 0x11),
      out(port + 1, 0x40),
      out(port + 1, 4),
      out(port + 1, icw4),
    ];
    const reads = [out(port, 0x0a), inb(port), out(port, 0x0b), inb(port), inb(port + 1)];
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.nat(3), fc.constantFrom(0, 2)).map(([i, v]) => [out(bases[i] + 1, v)]) },
      { weight: 4, arbitrary: fc.constant([out(port, 0x0c), inb(port)]) }, // poll: acknowledge
      { weight: 3, arbitrary: fc.constant([out(port, 0x20)]) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 0xff }).map((v) => [out(port, v & 0xe7)]) }, // OCW2
      { weight: 2, arbitrary: byte.map((v) => [out(port + 1, v)]) },
      { weight: 1, arbitrary: byte.map((v) => [out(port === 0x20 ? 0x4d0 : 0x4d1, v), ...settle, ...init(1)]) },
      { weight: 1, arbitrary: fc.constantFrom(1, 3).map(init) },
    );
    const script = [
      ...init(1),
      ...sample(
        fc.tuple(step, fc.constant(reads)).map((parts) => parts.flat()),
        3000,
      ),
    ];
    await compare(bus, args, script);
  });

  it('16550A', async () => {
    const port = 0x3f8;
    const clock = new FakeClock();
    const bus = new PioBus();
    bus.map(port, 8, bytePorts(new Uart16550({ irq: unconnectedIrq, clock, sink: { write() {} } })), 'serial');
    const args = ['-chardev', 'null,id=c', '-device', `isa-serial,chardev=c,iobase=${port},irq=4`];
    const step = fc.oneof(
      { weight: 6, arbitrary: byte.map((v) => [out(port, v)]) },
      { weight: 2, arbitrary: byte.map((v) => [out(port + 1, v & 0x07)]) }, // QEMU has no modem deltas in loopback
      { weight: 2, arbitrary: byte.map((v) => [out(port + 2, v)]) },
      { weight: 1, arbitrary: byte.map((v) => [out(port + 3, v & 0xbf)]) }, // no breaks
      { weight: 2, arbitrary: byte.map((v) => [out(port + 4, v)]) },
      { weight: 1, arbitrary: byte.map((v) => [out(port + 7, v)]) },
      { weight: 8, arbitrary: fc.constantFrom(0, 1, 2, 3, 4, 5, 7).map((register) => [inb(port + register)]) },
    );
    // Where the datasheet leaves the state after reset open, start alike.
    const start = [out(port + 3, 0x80), out(port, 1), out(port + 1, 0), out(port + 3, 0), out(port + 4, 0)];
    await compare(bus, args, [...start, ...sample(step, 6000)]);
  });

  it('MC146818 time, in every format, read and set', async () => {
    const clock = new FakeClock();
    const bus = new PioBus();
    const start = '2026-02-28T12:59:58';
    const rtc = new Mc146818({
      irq: unconnectedIrq,
      clock,
      wallClock: () => Date.parse(`${start}Z`),
      memory: { below4G: 2 ** 27, above4G: 0 },
    });
    attachMc146818(bus, rtc);
    const set = (register: number, value: number) => [out(0x70, register), out(0x71, value)];
    const registers = [0, 2, 4, 6, 7, 8, 9, 0x32];
    const readAll = registers.flatMap((register) => [out(0x70, register), inb(0x71)]);
    const bcd = (max: number, min = 0) =>
      fc.integer({ min, max }).map((value) => Math.floor(value / 10) * 16 + (value % 10));
    const setClock = fc
      .tuple(bcd(59), bcd(59), bcd(23), bcd(28, 1), bcd(12, 1), bcd(37))
      .map(([second, minute, hour, day, month, year]) => [
        ...set(0x0b, 0x82),
        ...[second, minute, hour].flatMap((value, i) => set(2 * i, value)),
        ...set(7, day),
        ...set(8, month),
        ...set(9, year),
        ...set(0x32, 0x20),
        ...set(0x0b, 0x02),
      ]);
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(0, 2, 4, 6).map((b) => set(0x0b, b)) },
      { weight: 1, arbitrary: setClock },
    );
    const script = sample(
      fc.tuple(step, fc.constant(readAll)).map((parts) => parts.flat()),
      400,
    );
    await compare(bus, ['-rtc', `base=${start},clock=vm`], script);
  });
});
