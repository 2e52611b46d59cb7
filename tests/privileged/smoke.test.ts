import { expect, test } from 'vitest';
import { AT, Bench } from './bench.ts';
const b = new Bench();
test('long', () => {
  b.reset().long();
  b.code(64, (a) => a.movi('a', 5).store(AT.DATA, 'a').hlt());
  b.halts();
  expect(b.u64(AT.DATA)).toBe(5n);
  b.reset().long(); b.code(64, (a) => a.ud2());
  expect(b.faults()).toMatchObject({ vector: 6, rip: BigInt(AT.CODE) });
});
test('pm', () => {
  b.reset().protected({ user: true });
  b.code(32, (a) => a.hlt(), AT.USER_CODE);
  expect(b.faults()).toMatchObject({ vector: 13, error: 0, rip: BigInt(AT.USER_CODE), ss: 0x23 });
  b.reset().real(); b.code(16, (a) => a.int(0x21));
  expect(b.faults()).toMatchObject({ vector: 0x21, cs: 0x1000, rip: 2n });
});
