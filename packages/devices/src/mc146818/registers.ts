/** Time, alarm and control registers (Motorola MC146818A datasheet, figure 14), and the CMOS byte for the century. */
export const REG = Object.freeze({
  SECONDS: 0x00,
  SECONDS_ALARM: 0x01,
  MINUTES: 0x02,
  MINUTES_ALARM: 0x03,
  HOURS: 0x04,
  HOURS_ALARM: 0x05,
  WEEKDAY: 0x06,
  DAY: 0x07,
  MONTH: 0x08,
  YEAR: 0x09,
  A: 0x0a,
  B: 0x0b,
  C: 0x0c,
  D: 0x0d,
  CENTURY: 0x32,
});

/** Register A: update in progress, divider, rate. */
export const A = Object.freeze({
  UPDATE_IN_PROGRESS: 0x80,
  DIVIDER: 0x70,
  /** Divider values 11x hold the divider chain in reset. */
  DIVIDER_RESET: 0x60,
  /** Divider for the 32.768 kHz crystal. */
  DIVIDER_32K: 0x20,
  RATE: 0x0f,
});

/** Register B: modes and interrupt enables; the enables lie where register C has the flags. */
export const B = Object.freeze({
  SET: 0x80,
  PERIODIC: 0x40,
  ALARM: 0x20,
  UPDATE_ENDED: 0x10,
  BINARY: 0x04,
  HOURS_24: 0x02,
});

/** Register C: interrupt flags, cleared by reading. */
export const C = Object.freeze({ REQUEST: 0x80, PERIODIC: 0x40, ALARM: 0x20, UPDATE_ENDED: 0x10 });

/** Register D: the battery is good. */
export const D = Object.freeze({ VALID: 0x80 });

/** Alarm bytes from here up match anything. */
export const ALARM_ANY = 0xc0;

/** The PM bit of an hour on the 12-hour clock. */
export const PM = 0x80;
