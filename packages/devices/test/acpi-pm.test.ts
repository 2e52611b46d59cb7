import { PioBus } from '@vizor/bus';
import { assertCompliance, FakeClock, pioSubject, RecordingIrq } from '@vizor/testkit';
import { describe, expect, it } from 'vitest';
import { ACPI_PM, AcpiPm, attachAcpiPm, PM_TIMER_HZ } from '../src/index.ts';

const { PM1A_EVT, PM1A_CNT, PM_TMR } = ACPI_PM;
const ENABLE = PM1A_EVT + 2;

function setUp() {
  const clock = new FakeClock();
  const sci = new RecordingIrq();
  let powerOffs = 0;
  const pm = new AcpiPm({ sci, clock, events: { powerOff: () => powerOffs++ } });
  const bus = new PioBus();
  attachAcpiPm(bus, pm);
  return { clock, sci, pm, bus, powerOffs: () => powerOffs };
}

describe('ACPI PM', () => {
  it('counts at 3.579545 MHz in 32 bits', () => {
    const { clock, bus } = setUp();
    clock.advance(1e9);
    expect(bus.read(PM_TMR, 4)).toBe(PM_TIMER_HZ);
    expect(bus.read(PM_TMR + 1, 2)).toBe((PM_TIMER_HZ >> 8) & 0xffff);
    clock.advance(1299e9);
    expect(bus.read(PM_TMR, 4)).toBe(1300 * PM_TIMER_HZ - 2 ** 32);
  });

  it('raises the SCI when the top bit changes, both ways', () => {
    const { clock, bus, sci } = setUp();
    bus.write(ENABLE, 2, 1);
    const half = (2 ** 31 * 1e9) / PM_TIMER_HZ;
    for (let i = 1; i <= 3; i++) {
      clock.advance(Math.floor(i * half) - clock.now());
      expect(sci.level).toBe(false);
      clock.advance(1);
      expect([sci.level, bus.read(PM1A_EVT, 2)]).toEqual([true, 1]);
      bus.write(PM1A_EVT, 2, 1);
      expect(sci.level).toBe(false);
    }
  });

  it('sets the timer status when nobody waits for it, too', () => {
    const { clock, bus, sci } = setUp();
    clock.advance(600e9);
    expect([bus.read(PM1A_EVT, 2), sci.level]).toEqual([1, false]);
    bus.write(ENABLE, 2, 1);
    expect(sci.level).toBe(true);
  });

  it('reports the power button until the guest clears it', () => {
    const { bus, sci, pm } = setUp();
    bus.write(ENABLE, 2, 0xffff);
    expect(bus.read(PM1A_EVT, 4)).toBe(0x0721_0000);
    pm.pressPowerButton();
    expect([sci.level, bus.read(PM1A_EVT, 2)]).toEqual([true, 0x100]);
    bus.write(PM1A_EVT, 1, 0xff);
    expect(sci.level).toBe(true);
    bus.write(PM1A_EVT + 1, 1, 0x01);
    expect([sci.level, bus.read(PM1A_EVT, 2)]).toEqual([false, 0]);
  });

  it('is in ACPI mode and stays there', () => {
    const { bus } = setUp();
    bus.write(PM1A_CNT, 2, 0);
    expect(bus.read(PM1A_CNT, 2)).toBe(1);
  });

  it.each([
    ['in one write', [[0x3401, 2]], 1],
    [
      'as Linux writes it, type first, then enable',
      [
        [0x1401, 2],
        [0x3401, 2],
      ],
      1,
    ],
    ['its type alone: not', [[0x1401, 2]], 0],
    ['another state: not', [[0x2401, 2]], 0],
  ] as const)('powers off: %s', (_, writes, expected) => {
    const { bus, powerOffs } = setUp();
    for (const [value, size] of writes) bus.write(PM1A_CNT, size, value);
    expect(powerOffs()).toBe(expected);
    expect(bus.read(PM1A_CNT, 2) & 0x2000).toBe(0);
  });

  it('keeps its promises under hostile accesses', () => {
    assertCompliance(() => {
      const { pm, clock } = setUp();
      return pioSubject(pm, 12, {
        saved: pm,
        clock,
        events: [() => clock.advance(600e9), () => clock.jump(1e12), () => pm.pressPowerButton()],
      });
    });
  });
});
