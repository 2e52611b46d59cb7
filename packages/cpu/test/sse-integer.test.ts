import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { SimdMachine } from './support/simd-machine.ts';

// Integer SIMD against one plain function a lane, as the manuals' pseudocode has it: in XMM registers, and in MMX ones.

let cpu: SimdMachine;
beforeAll(async () => {
  cpu = await SimdMachine.create();
});

type Lane = (a: number, b: number) => number;
const clamp = (low: number, high: number) => (x: number) => Math.max(low, Math.min(high, x));
const s8 = clamp(-128, 127);
const u8 = clamp(0, 255);
const s16 = clamp(-32768, 32767);
const u16 = clamp(0, 65535);
const shift =
  (bits: number, apply: (a: number, n: number) => number, beyond: Lane): Lane =>
  (a, n) =>
    n >= bits || n < 0 ? beyond(a, n) : apply(a, n);

/** Mnemonic, lane width, signedness of both operands, result. Results are cut to the lane. */
const LANES: [string, 8 | 16 | 32, boolean, Lane][] = [
  ['PADDB', 8, false, (a, b) => a + b],
  ['PADDD', 32, false, (a, b) => a + b],
  ['PSUBW', 16, false, (a, b) => a - b],
  ['PADDSB', 8, true, (a, b) => s8(a + b)],
  ['PADDUSB', 8, false, (a, b) => u8(a + b)],
  ['PSUBSW', 16, true, (a, b) => s16(a - b)],
  ['PSUBUSW', 16, false, (a, b) => u16(a - b)],
  ['PCMPEQW', 16, false, (a, b) => (a === b ? -1 : 0)],
  ['PCMPGTB', 8, true, (a, b) => (a > b ? -1 : 0)],
  ['PMINSW', 16, true, Math.min],
  ['PMAXUB', 8, false, Math.max],
  ['PAVGB', 8, false, (a, b) => (a + b + 1) >> 1],
  ['PMULLW', 16, true, (a, b) => a * b],
  ['PMULHW', 16, true, (a, b) => (a * b) >> 16],
  ['PMULHUW', 16, false, (a, b) => (a * b) / 65536],
  ['PMULHRSW', 16, true, (a, b) => (((a * b) >> 14) + 1) >> 1],
  ['PABSW', 16, true, (_, b) => Math.abs(b)],
  ['PSIGNB', 8, true, (a, b) => a * Math.sign(b)],
  ['PSIGND', 32, true, (a, b) => a * Math.sign(b)],
  ['PANDN', 32, false, (a, b) => ~a & b],
];
/** Shifts of every lane by an immediate. */
const SHIFTS: [string, 16 | 32, boolean, Lane][] = [
  [
    'PSLLW',
    16,
    false,
    shift(
      16,
      (a, n) => a << n,
      () => 0,
    ),
  ],
  [
    'PSRLW',
    16,
    false,
    shift(
      16,
      (a, n) => a >>> n,
      () => 0,
    ),
  ],
  [
    'PSRAW',
    16,
    true,
    shift(
      16,
      (a, n) => a >> n,
      (a) => a >> 15,
    ),
  ],
  [
    'PSLLD',
    32,
    false,
    shift(
      32,
      (a, n) => a << n,
      () => 0,
    ),
  ],
  [
    'PSRLD',
    32,
    false,
    shift(
      32,
      (a, n) => a >>> n,
      () => 0,
    ),
  ],
  [
    'PSRAD',
    32,
    true,
    shift(
      32,
      (a, n) => a >> n,
      (a) => a >> 31,
    ),
  ],
];

const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 }).chain((random) =>
  fc.constantFrom(
    random,
    random.map((byte) => (byte & 1 ? 0x80 : 0x7f)),
    random.map((byte, i) => (i & 1 ? 0x80 : byte & 1)),
  ),
);

/** Lanes of `count` bytes as numbers. */
function lanes(data: Uint8Array, bits: number, signed: boolean): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return Array.from({ length: (data.length * 8) / bits }, (_, lane) => {
    const at = (lane * bits) / 8;
    if (bits === 8) return signed ? view.getInt8(at) : view.getUint8(at);
    if (bits === 16) return signed ? view.getInt16(at, true) : view.getUint16(at, true);
    return signed ? view.getInt32(at, true) : view.getUint32(at, true);
  });
}

function check(name: string, bits: number, signed: boolean, result: Lane, imm: boolean): void {
  fc.assert(
    fc.property(bytes, bytes, fc.integer({ min: 0, max: 40 }), (a, b, count) => {
      cpu.reset();
      for (const [first, second, suffix] of [
        ['xmm0', 'xmm1', ''],
        ['mm0', 'mm1', '_MMX'],
      ] as const) {
        const width = cpu.register(first).length;
        cpu.register(first).set(a.subarray(0, width));
        cpu.register(second).set(b.subarray(0, width));
        const operation = `${name}_${imm ? 'RI' : 'RR'}${suffix}`;
        expect(cpu.execute(operation, { dst: first, src: second, imm: count })).toBeUndefined();
        const x = lanes(a.slice(0, width), bits, signed);
        const y = lanes(b.slice(0, width), bits, signed);
        const cut = (value: number) => Number(BigInt.asUintN(bits, BigInt(Math.floor(value))));
        const want = x.map((value, lane) => cut(result(value, imm ? count : y[lane]!)));
        expect(lanes(cpu.register(first).slice(), bits, false)).toEqual(want);
      }
    }),
    { numRuns: 200 },
  );
}

test.each(LANES)('%s', (name, bits, signed, result) => check(name, bits, signed, result, false));
test.each(SHIFTS)('%s by an immediate', (name, bits, signed, result) => check(name, bits, signed, result, true));

const bytesOf = (register: string) => [...cpu.register(register)];

test('PSHUFB, PALIGNR, PSLLDQ, PSRLDQ move bytes', () => {
  fc.assert(
    fc.property(bytes, bytes, fc.integer({ min: 0, max: 255 }), (a, b, imm) => {
      cpu.reset();
      const load = () => {
        cpu.register('xmm0').set(a);
        cpu.register('xmm1').set(b);
      };
      const operands = { dst: 'xmm0', src: 'xmm1', imm };
      load();
      cpu.execute('PSHUFB_RR', operands);
      expect(bytesOf('xmm0')).toEqual([...b].map((index) => (index & 0x80 ? 0 : a[index & 15]!)));
      load();
      cpu.execute('PALIGNR_RRI', operands);
      const both = [...b, ...a];
      expect(bytesOf('xmm0')).toEqual(Array.from({ length: 16 }, (_, i) => both[imm + i] ?? 0));
      load();
      cpu.execute('PSLLDQ_RI', operands);
      expect(bytesOf('xmm0')).toEqual(Array.from({ length: 16 }, (_, i) => a[i - imm] ?? 0));
      load();
      cpu.execute('PSRLDQ_RI', operands);
      expect(bytesOf('xmm0')).toEqual(Array.from({ length: 16 }, (_, i) => a[i + imm] ?? 0));
    }),
    { numRuns: 300 },
  );
});

test('PSADBW and MPSADBW sum absolute differences', () => {
  fc.assert(
    fc.property(bytes, bytes, fc.integer({ min: 0, max: 7 }), (a, b, imm) => {
      cpu.reset();
      const sum = (i: number, j: number, count: number) =>
        Array.from({ length: count }, (_, k) => Math.abs(a[i + k]! - b[j + k]!)).reduce((x, y) => x + y);
      cpu.register('xmm0').set(a);
      cpu.register('xmm1').set(b);
      cpu.execute('PSADBW_RR', { dst: 'xmm0', src: 'xmm1' });
      expect(cpu.words('xmm0')).toEqual([sum(0, 0, 8), 0, sum(8, 8, 8), 0]);
      cpu.register('xmm0').set(a);
      cpu.execute('MPSADBW_RRI', { dst: 'xmm0', src: 'xmm1', imm });
      const want = Array.from({ length: 8 }, (_, i) => sum(i + (imm & 4), (imm & 3) * 4, 4));
      expect(lanes(cpu.register('xmm0').slice(), 16, false)).toEqual(want);
    }),
    { numRuns: 300 },
  );
});
