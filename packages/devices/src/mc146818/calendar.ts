import { ALARM_ANY, B, PM, REG } from './registers.ts';

/** The registers that make up the time, in no particular order. */
export const TIME_REGISTERS: readonly number[] = Object.freeze([
  REG.SECONDS,
  REG.MINUTES,
  REG.HOURS,
  REG.WEEKDAY,
  REG.DAY,
  REG.MONTH,
  REG.YEAR,
  REG.CENTURY,
]);

const DAY_SECONDS = 86_400;

/** Write the time into registers in the format that `b` (register B) says. @param second since the epoch, UTC */
export function encodeTime(second: number, b: number, registers: Uint8Array): void {
  const date = new Date(second * 1000);
  const number = (value: number) => (b & B.BINARY ? value : Math.floor(value / 10) * 16 + (value % 10));
  const year = date.getUTCFullYear();
  registers[REG.SECONDS] = number(date.getUTCSeconds());
  registers[REG.MINUTES] = number(date.getUTCMinutes());
  registers[REG.HOURS] = encodeHour(date.getUTCHours(), b, number);
  registers[REG.WEEKDAY] = number(date.getUTCDay() + 1);
  registers[REG.DAY] = number(date.getUTCDate());
  registers[REG.MONTH] = number(date.getUTCMonth() + 1);
  registers[REG.YEAR] = number(year % 100);
  registers[REG.CENTURY] = number(Math.floor(year / 100) % 100);
}

/** The time that registers say. Fields out of range carry over, as months past December do. @returns seconds since the epoch, UTC */
export function decodeTime(b: number, registers: Uint8Array): number {
  const number = (register: number) => decodeNumber(registers[register], b);
  const date = new Date(0);
  date.setUTCFullYear(number(REG.CENTURY) * 100 + number(REG.YEAR), number(REG.MONTH) - 1, number(REG.DAY));
  date.setUTCHours(decodeHour(registers[REG.HOURS], b), number(REG.MINUTES), number(REG.SECONDS));
  return date.getTime() / 1000;
}

/**
 * Seconds from `now` to the next second whose time of day matches the alarm registers, at least 1.
 *
 * @returns Infinity when the registers hold a time that no day has
 */
export function secondsToAlarm(now: number, b: number, registers: Uint8Array): number {
  const field = (register: number, decode: (raw: number, b: number) => number) =>
    registers[register] >= ALARM_ANY ? -1 : decode(registers[register], b);
  const hour = field(REG.HOURS_ALARM, decodeHour);
  const minute = field(REG.MINUTES_ALARM, decodeNumber);
  const second = field(REG.SECONDS_ALARM, decodeNumber);
  if (hour > 23 || minute > 59 || second > 59) return Infinity;

  const today = ((now % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
  const matches = (value: number, wanted: number) => wanted < 0 || value === wanted;
  for (let after = 1; after <= DAY_SECONDS; ) {
    const time = (today + after) % DAY_SECONDS;
    if (!matches(Math.floor(time / 3600), hour)) after += 3600 - (time % 3600);
    else if (!matches(Math.floor(time / 60) % 60, minute)) after += 60 - (time % 60);
    else if (!matches(time % 60, second)) after++;
    else return after;
  }
  return Infinity;
}

function encodeHour(hour: number, b: number, number: (value: number) => number): number {
  if (b & B.HOURS_24) return number(hour);
  return number(hour % 12 || 12) | (hour >= 12 ? PM : 0);
}

function decodeHour(raw: number, b: number): number {
  if (b & B.HOURS_24) return decodeNumber(raw, b);
  return (decodeNumber(raw & ~PM, b) % 12) + (raw & PM ? 12 : 0);
}

function decodeNumber(raw: number, b: number): number {
  return b & B.BINARY ? raw : (raw >> 4) * 10 + (raw & 15);
}
