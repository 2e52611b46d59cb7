import { PioBus } from '@vizor/bus';
import { VizorError } from '@vizor/core';
import { assertCompliance, pioSubject } from '@vizor/testkit';
import { describe, expect, it } from 'vitest';
import {
  attachDebugConsole,
  attachDebugExit,
  attachI8042,
  attachPort92,
  attachResetControl,
  DebugConsole,
  DebugExit,
  I8042,
  Port92,
  RESET_CONTROL,
  ResetControl,
} from '../src/index.ts';

function setUp() {
  const log: string[] = [];
  const events = {
    reset: () => log.push('reset'),
    a20: (enabled: boolean) => log.push(`a20 ${enabled}`),
    exit: (value: number) => log.push(`exit ${value}`),
  };
  const bus = new PioBus();
  const controller = new I8042(events);
  const port92 = new Port92(events);
  const reset = new ResetControl(events);
  attachI8042(bus, controller);
  attachPort92(bus, port92);
  attachResetControl(bus, reset);
  attachDebugExit(bus, new DebugExit(events));
  attachDebugConsole(bus, new DebugConsole({ write: (byte) => log.push(`out ${byte}`) }));
  const out = (port: number, ...values: number[]) => {
    for (const value of values) bus.write(port, 1, value);
  };
  return { log, bus, controller, port92, reset, out, inb: (port: number) => bus.read(port, 1) };
}

describe('8042', () => {
  it('is empty, and ready for commands (Linux, i8042_flush and kb_wait)', () => {
    const { inb } = setUp();
    expect(inb(0x64) & 0x03).toBe(0);
  });

  it.each([
    ['self test', 0xaa, 0x55],
    ['keyboard interface test', 0xab, 0x00],
    ['auxiliary interface test, failing', 0xa9, 0x01],
    ['command byte', 0x20, 0x24],
    ['output port', 0xd0, 0x03],
  ])('answers the %s at once', (_, command, answer) => {
    const { out, inb } = setUp();
    out(0x64, command);
    expect(inb(0x64) & 0x09).toBe(0x09);
    expect(inb(0x60)).toBe(answer);
    expect(inb(0x64) & 0x01).toBe(0);
  });

  it('keeps the command byte and the port enables in it', () => {
    const { out, inb } = setUp();
    out(0x64, 0x60);
    out(0x60, 0x47);
    out(0x64, 0xad, 0xa7, 0x20);
    expect(inb(0x60)).toBe(0x77);
    out(0x64, 0xae, 0xa8, 0x20);
    expect(inb(0x60)).toBe(0x47);
  });

  it('has no auxiliary port: its loop comes back as keyboard data', () => {
    const { out, inb } = setUp();
    out(0x64, 0xd3);
    out(0x60, 0x5a);
    expect(inb(0x64) & 0x21).toBe(0x01);
    expect(inb(0x60)).toBe(0x5a);
  });

  it('resets by pulse and by output port, and moves A20', () => {
    const { out, log } = setUp();
    out(0x64, 0xff, 0xfe, 0xd1);
    out(0x60, 0xdd);
    out(0x64, 0xdf, 0xd1);
    out(0x60, 0x02);
    expect(log).toEqual(['reset', 'a20 false', 'a20 true', 'a20 true', 'reset']);
  });

  it('ignores bytes for a keyboard that is not there', () => {
    const { out, inb } = setUp();
    out(0x60, 0xff, 0xf2);
    expect(inb(0x64) & 0x01).toBe(0);
  });
});

describe('system control port A', () => {
  it('moves A20 and resets on a rising edge', () => {
    const { out, inb, log } = setUp();
    expect(inb(0x92)).toBe(0x02);
    out(0x92, 0x02, 0x00, 0x02, 0x03, 0x03);
    expect(log).toEqual(['a20 false', 'a20 true', 'reset']);
  });
});

describe('reset control', () => {
  it('leaves 32-bit accesses to PCI, whose probing resets nothing', () => {
    const { bus, log } = setUp();
    bus.write(0xcf8, 4, 0x80000400);
    bus.write(0xcf8, 2, 0x0600);
    expect(bus.read(0xcf8, 4)).toBe(0xffffffff);
    expect(log).toEqual([]);
  });

  it('resets as ACPI and as Linux ask for it', () => {
    const { out, inb, log } = setUp();
    out(RESET_CONTROL.PORT, 0x02);
    expect([inb(RESET_CONTROL.PORT), log]).toEqual([0x02, []]);
    out(RESET_CONTROL.PORT, RESET_CONTROL.VALUE);
    expect(log).toEqual(['reset']);
  });
});

describe('debug ports', () => {
  it('end the machine with the value written', () => {
    const { bus, log } = setUp();
    bus.write(0xf4, 1, 0x10);
    bus.write(0xf4, 4, 0x0102_03ff);
    expect([log, bus.read(0xf4, 1)]).toEqual([['exit 16', 'exit 255'], 0]);
  });

  it('write to the host and say that somebody listens', () => {
    const { out, inb, log } = setUp();
    out(0xe9, 0x41);
    expect([inb(0xe9), log]).toEqual([0xe9, ['out 65']]);
  });
});

it('the small chips keep their promises under hostile accesses', () => {
  const ports = [0x60, 0x64, 0x92, 0xcf9, 0xf4, 0xe9];
  assertCompliance(() => {
    const { bus, controller, port92, reset } = setUp();
    return pioSubject(
      {
        pioRead: (offset, size) => bus.read(ports[offset], size),
        pioWrite: (offset, size, value) => bus.write(ports[offset], size, value),
      },
      ports.length,
      {
        saved: {
          save: () => [controller.save(), port92.save(), reset.save()],
          restore: (state) => {
            const [first, second, third] = state as [
              ReturnType<I8042['save']>,
              ReturnType<Port92['save']>,
              ReturnType<ResetControl['save']>,
            ];
            controller.restore(first);
            port92.restore(second);
            reset.restore(third);
          },
        },
      },
    );
  });
});

it('state of another version is refused with a hint', () => {
  const { port92 } = setUp();
  const foreign = { v: 2, latch: 0 } as unknown as ReturnType<Port92['save']>;
  expect(() => port92.restore(foreign)).toThrow(VizorError);
  expect(() => port92.restore(foreign)).toThrow(/port 0x92.*version 2.*reads 1/);
});
