import { beforeAll, describe, expect, test } from 'vitest';
import { hostLacks, X87Host } from './x87-host.ts';
import { type Instruction, instructions, X87Kernel, type X87Outcome } from './x87-kernel.ts';
import { type Extended, Random, type X87State, x87State } from './x87-values.ts';

const OK = 0;
const FAULT = 1;
const NM = 7;
const GP = 13;
const MF = 16;
const ALL = instructions();
const MASKED = 0x3f;
const SAMPLES = 150;

let kernel: X87Kernel;
beforeAll(async () => {
  kernel = await X87Kernel.create();
});

function find(text: string): Instruction {
  const found = ALL.find((instruction) => instruction.text === text);
  if (found === undefined) throw new Error(`no instruction ${text}`);
  return found;
}

function runKernel(instruction: Instruction, state: X87State, operand16 = false): X87Outcome {
  kernel.load(state);
  expect(kernel.step(instruction, { operand16 })).toBe(OK);
  return kernel.outcome();
}

/** FNINIT's state with some registers filled, ST(0) first. */
function fresh(values: readonly Extended[], fcw = 0x37f): X87State {
  const st = Array.from({ length: 8 }, (_, n) => values[n] ?? { se: 0, sig: 0n });
  return { fcw, fsw: 0, tags: (1 << values.length) - 1, st, memory: new Uint8Array(128), flags: 0 };
}

const ONE = { se: 0x3fff, sig: 1n << 63n };
const ZERO = { se: 0, sig: 0n };
const INDEFINITE = 'ffff.c000000000000000';

describe('x87 instructions one at a time', () => {
  test('1 + 1 = 2', () => {
    expect(runKernel(find('fadd st1'), fresh([ONE, ONE]))).toMatchObject({ fsw: 0 });
    expect(kernel.outcome().st[0]).toBe('4000.8000000000000000');
  });

  test('a masked division by zero gives infinity, an unmasked one leaves ST(0) and is raised by the next instruction', () => {
    const divide = find('fdiv st1');
    const masked = runKernel(divide, fresh([ONE, ZERO]));
    expect(masked).toMatchObject({ fsw: 0x0004 });
    expect(masked.st[0]).toBe('7fff.8000000000000000');
    const unmasked = runKernel(divide, fresh([ONE, ZERO], 0x37b));
    expect(unmasked).toMatchObject({ fsw: 0x8084 });
    expect(unmasked.st[0]).toBe('3fff.8000000000000000');
    expect(kernel.step(divide)).toBe(FAULT);
    expect(kernel.vector).toBe(MF);
    expect(kernel.step(find('fwait'))).toBe(FAULT);
    expect(kernel.step(find('fnclex'))).toBe(OK);
    expect(kernel.step(find('fwait'))).toBe(OK);
    expect(kernel.outcome().fsw).toBe(0);
  });

  test('a full stack and an empty one are told apart by C1', () => {
    const full = runKernel(find('fld1'), fresh(Array(8).fill(ONE)));
    expect(full).toMatchObject({ fsw: 0x3a41, tags: 0xff });
    expect(full.st[0]).toBe(INDEFINITE);
    expect(runKernel(find('fchs'), fresh([]))).toMatchObject({ fsw: 0x0041, tags: 1 });
  });

  test('CR0.EM and CR0.TS make #NM, for WAIT only TS with MP', () => {
    kernel.load(fresh([ONE, ONE]));
    for (const [cr0, data, wait] of [
      [0x33, OK, OK],
      [0x37, FAULT, OK],
      [0x39, FAULT, OK],
      [0x3b, FAULT, FAULT],
    ] as const) {
      kernel.cr0 = cr0;
      for (const text of ['fadd st1', 'fld.s32 M', 'fnstsw M', 'fxsave M', 'fsin']) {
        expect(kernel.step(find(text)), `${text} with CR0 ${cr0}`).toBe(data);
      }
      expect(kernel.step(find('fwait'))).toBe(wait);
      if (data === FAULT) expect(kernel.vector).toBe(NM);
    }
    kernel.cr0 = 0x33;
  });

  test('FXSAVE and FXRSTOR keep everything, and refuse what is misaligned or reserved', () => {
    const random = new Random(3);
    const state = x87State(random, MASKED);
    kernel.load(state);
    const before = kernel.outcome();
    expect(kernel.step(find('fxsave M'), { rexW: true })).toBe(OK);
    const image = kernel.operand.slice(0, 512);
    kernel.load(fresh([]));
    kernel.operand.set(image);
    expect(kernel.step(find('fxrstor M'), { rexW: true })).toBe(OK);
    expect({ ...kernel.outcome(), memory: '', flags: 0 }).toEqual({ ...before, memory: '', flags: 0 });
    expect(kernel.step(find('fxsave M'), { displacement: 8 })).toBe(FAULT);
    expect(kernel.vector).toBe(GP);
    new DataView(kernel.operand.buffer, kernel.operand.byteOffset).setUint32(24, 0x10000, true);
    expect(kernel.step(find('fxrstor M'))).toBe(FAULT);
    expect(kernel.vector).toBe(GP);
  });

  test('FXSAVE stores the last instruction only while an exception is pending', () => {
    const image = (fcw: number) => {
      runKernel(find('fdiv st1'), fresh([ONE, ZERO], fcw));
      kernel.step(find('fxsave M'), { rexW: true });
      return new DataView(kernel.operand.buffer, kernel.operand.byteOffset).getUint16(6, true);
    };
    expect(image(0x37f)).toBe(0);
    expect(image(0x37b)).toBe(0x0f1);
  });

  test('2^63 and beyond is out of range for the trigonometric instructions', () => {
    for (const text of ['fsin', 'fcos', 'fsincos', 'fptan']) {
      const outcome = runKernel(find(text), fresh([{ se: 0x3fff + 63, sig: 1n << 63n }]));
      expect(outcome).toMatchObject({ fsw: 0x0400, tags: 1 });
    }
  });
});

/** Distance in units in the last place. */
function ulps(a: string, b: string): bigint {
  const order = (text: string) => {
    const se = Number.parseInt(text.slice(0, 4), 16);
    const magnitude = (BigInt(se & 0x7fff) << 63n) + (BigInt(`0x${text.slice(5)}`) & ((1n << 63n) - 1n));
    return se & 0x8000 ? -magnitude : magnitude;
  };
  const distance = order(a) - order(b);
  return distance < 0n ? -distance : distance;
}

const lacks = hostLacks();
describe.skipIf(lacks !== undefined)(`x87 against the host processor${lacks ? ` (${lacks})` : ''}`, () => {
  const exact = ALL.filter(({ group, text }) => group !== 'x87.transcendental' && !/^fx(save|rstor)/.test(text));
  const host = lacks === undefined ? new X87Host() : (undefined as never);

  test.each(exact)('$text', (instruction) => {
    const random = new Random(instruction.number);
    const narrow = /env|save|rstor/.test(instruction.text) ? [false, true] : [false];
    for (let n = 0; n < SAMPLES; n++) {
      // Exceptions masked, then any of them unmasked.
      const state = x87State(random, n % 2 ? random.below(64) : MASKED);
      for (const operand16 of narrow) {
        // FNSTENV and the like show the last instruction, of which there was none.
        kernel.load(fresh([]));
        kernel.step(find('fninit'));
        const expected = host.run(instruction, state, operand16 ? [0x66] : []);
        expect(runKernel(instruction, state, operand16), JSON.stringify(state, hexadecimal)).toEqual(expected);
      }
    }
  });

  const transcendental = ALL.filter(({ group }) => group === 'x87.transcendental');
  test.each(transcendental)('$text, to one unit in the last place', (instruction) => {
    const random = new Random(instruction.number);
    for (let n = 0; n < SAMPLES; n++) {
      const state = x87State(random, n % 2 ? random.below(64) : MASKED);
      const expected = host.run(instruction, state);
      const actual = runKernel(instruction, state);
      const message = JSON.stringify({ state, expected, actual }, hexadecimal);
      // C1, the direction of rounding, is nobody's to promise where the last bit is not.
      expect({ fsw: actual.fsw & ~0x200, tags: actual.tags }, message).toEqual({
        fsw: expected.fsw & ~0x200,
        tags: expected.tags,
      });
      for (const [i, value] of expected.st.entries()) {
        expect(ulps(actual.st[i]!, value) <= 1n, message).toBe(true);
      }
    }
  });

  function hexadecimal(key: string, value: unknown): unknown {
    if (typeof value === 'bigint') return value.toString(16);
    if (key === 'memory' && value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    return value;
  }
});
