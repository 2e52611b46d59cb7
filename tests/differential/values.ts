import type { Random } from './random.ts';
import { FX_ST, FX_XMM, GPRS, type State } from './state.ts';

/** 32-bit patterns where integer code goes wrong. */
const WORDS = [
  0, 1, 2, 0xffffffff, 0xfffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff,
  0x10000, 0x7fff7fff, 0x80008000, 0x7f7f7f7f, 0x80808080, 0x55555555, 0xaaaaaaaa, 0xff00ff00, 0x00ff00ff,
];
/** Single and double precision by their bits: zeros, ones, powers, halves, extremes, denormals, infinities, NaNs. */
const SINGLES = [
  0, 0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000, 0xc0200000, 0x00000001,
  0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000, 0x00800001, 0x7f7fffff, 0xff7fffff, 0x7f800000,
  0xff800000, 0x7fc00000, 0xffc00000, 0x7fc12345, 0x7f800001, 0xffa00000, 0x4effffff, 0x4f000000, 0xcf000000,
  0xcf000001, 0x5f000000, 0xdf000000, 0x4b000000, 0x4b7fffff, 0x4affffff, 0x3effffff, 0x33800000, 0x34000000,
  0x7e800000, 0x00ffffff, 0x46fffe00, 0x47000000,
];
const DOUBLES: readonly (readonly [number, number])[] = [
  [0, 0],
  [0x80000000, 0],
  [0x3ff00000, 0],
  [0xbff00000, 0],
  [0x3fe00000, 0],
  [0x3ff80000, 0],
  [0x40040000, 0],
  [0, 1],
  [0x80000000, 1],
  [0x000fffff, 0xffffffff],
  [0x800fffff, 0xffffffff],
  [0x00100000, 0],
  [0x80100000, 0],
  [0x00100000, 1],
  [0x7fefffff, 0xffffffff],
  [0xffefffff, 0xffffffff],
  [0x7ff00000, 0],
  [0xfff00000, 0],
  [0x7ff80000, 0],
  [0xfff80000, 0],
  [0x7ff80000, 0x12345],
  [0x7ff00000, 1],
  [0xfff40000, 0],
  [0x41dfffff, 0xffc00000],
  [0x41e00000, 0],
  [0xc1e00000, 0],
  [0xc1e00000, 0x00200000],
  [0x43e00000, 0],
  [0xc3e00000, 0],
  [0x43dfffff, 0xffffffff],
  [0x43300000, 0],
  [0x432fffff, 0xffffffff],
  [0x3fdfffff, 0xffffffff],
  [0x3ca00000, 0],
  [0x38100000, 0],
  [0x380fffff, 0xffffffff],
  [0x36a00000, 0],
  [0x369fffff, 0xffffffff],
  [0x47efffff, 0xe0000000],
  [0x47efffff, 0xf0000000],
  [0x47f00000, 0],
  [0x3ff00000, 0x10000000],
  [0x3ff00000, 0x30000000],
];
/** Sign and exponent, significand of extended values: also pseudo-denormals, unnormals, pseudo-NaNs and -infinities. */
const EXTENDEDS: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [0x8000, 0, 0],
  [0x3fff, 0x80000000, 0],
  [0xbfff, 0x80000000, 0],
  [0x3ffe, 0x80000000, 0],
  [0x3fff, 0xc0000000, 0],
  [0x4000, 0xa0000000, 0],
  [0x0000, 0, 1],
  [0x8000, 0x7fffffff, 0xffffffff],
  [0x0000, 0x80000000, 0],
  [0x0000, 0xffffffff, 1],
  [0x0001, 0x80000000, 0],
  [0x8001, 0x80000000, 0],
  [0x7ffe, 0xffffffff, 0xffffffff],
  [0xfffe, 0xffffffff, 0xffffffff],
  [0x7fff, 0x80000000, 0],
  [0xffff, 0x80000000, 0],
  [0x7fff, 0xc0000000, 0],
  [0xffff, 0xc0000000, 0],
  [0x7fff, 0xc1234567, 0x89],
  [0x7fff, 0x80000000, 1],
  [0xffff, 0xa0000000, 0],
  [0x7fff, 0, 0],
  [0x7fff, 0x40000000, 0],
  [0xffff, 0, 1],
  [0x4000, 0x40000000, 0],
  [0x3fff, 0, 0],
  [0x0001, 0x7fffffff, 0xffffffff],
  [0x403e, 0x80000000, 0],
  [0xc03e, 0x80000000, 0],
  [0xc03e, 0x80000000, 1],
  [0x403d, 0xffffffff, 0xfffffffe],
  [0x401e, 0x80000000, 0],
  [0xc01e, 0x80000000, 0],
  [0x401d, 0xffffffff, 0],
  [0x400e, 0x80000000, 0],
  [0x400d, 0xffff0000, 0],
  [0x400d, 0xfffe8000, 0],
  [0x3f81, 0x80000000, 0],
  [0x3f80, 0xffffff00, 0],
  [0x3c01, 0x80000000, 0],
  [0x3c00, 0xffffffff, 0xfffff800],
  [0x407e, 0xffffff80, 0],
  [0x407e, 0xffffff00, 0],
  [0x43fe, 0xffffffff, 0xfffffc00],
  [0x3fff, 0x80000080, 0],
  [0x3fff, 0x80000000, 0x400],
  [0x4005, 0xc0000000, 0],
  [0xc00b, 0xfff00000, 0],
  [0x403a, 0xde0b6b3a, 0x763fffff],
  [0x403a, 0xde0b6b3a, 0x76400000],
];

/** What lanes hold. */
export type Lanes = 'integer' | 'single' | 'double' | 'text';

function word(random: Random): number {
  switch (random.below(5)) {
    case 0:
      return random.pick(WORDS);
    case 1:
      return (1 << random.below(32)) >>> 0;
    case 2:
      return random.below(40);
    case 3:
      return -random.below(40) >>> 0;
    default:
      return random.next();
  }
}

export function immediateBytes(size: number, random: Random): number[] {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, word(random), true);
  if (size === 8) view.setUint32(4, word(random), true);
  // Every value of an immediate byte selects something else in some form.
  else if (size === 1 && random.oneIn(2)) bytes[0] = random.below(256);
  return [...bytes.subarray(0, size)];
}

/** All general registers: half of them sign- or zero-extended interesting values. */
export function fillRegisters(state: State, random: Random): void {
  const { words } = state;
  for (let i = 0; i < 16; i++) {
    const low = word(random);
    words[GPRS / 4 + i * 2] = low;
    const kind = random.below(4);
    words[GPRS / 4 + i * 2 + 1] = kind === 0 ? 0 : kind === 1 ? (low | 0) >> 31 : word(random);
  }
}

/** Noise over a window, 32 bits at a time. */
export function fillNoise(words: Uint32Array, random: Random): void {
  for (let i = 0; i < words.length; i++) words[i] = random.next();
}

/** Put 16 bytes of lanes at `at`. */
export function putLanes(view: DataView, at: number, lanes: Lanes, random: Random): void {
  if (lanes === 'double') {
    putDouble(view, at, random);
    putDouble(view, at + 8, random);
    return;
  }
  for (let i = 0; i < 16; i += 4) {
    if (lanes === 'single') putSingle(view, at + i, random);
    else view.setUint32(at + i, lanes === 'text' ? text(random) : word(random), true);
  }
}

/** Few different characters, and ends of strings, so that comparisons find something. */
function text(random: Random): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value = (value << 8) | random.pick([0, 0x61, 0x61, 0x62, 0x63, 0x7a, 0x80, 0xff]);
  return random.oneIn(3) ? value & 0xff00ff : value >>> 0;
}

export function putSingle(view: DataView, at: number, random: Random): void {
  const kind = random.below(5);
  let bits = random.next();
  if (kind < 2) bits = random.pick(SINGLES);
  // Exponents near each other, so that sums cancel and quotients round.
  else if (kind < 4) bits = (bits & 0x807fffff) | ((random.between(110, 160) << 23) >>> 0);
  else if (random.oneIn(2)) bits &= 0xffff0000;
  view.setUint32(at, bits, true);
}

export function putDouble(view: DataView, at: number, random: Random): void {
  const kind = random.below(5);
  let high = random.next();
  let low = random.oneIn(3) ? 0 : random.next();
  if (kind < 2) [high, low] = random.pick(DOUBLES) as [number, number];
  else if (kind < 4) high = (high & 0x800fffff) | (random.between(960, 1090) << 20);
  view.setUint32(at, low, true);
  view.setUint32(at + 4, high, true);
}

/** Put ten bytes of an extended value at `at`. */
export function putExtended(view: DataView, at: number, random: Random): void {
  const kind = random.below(6);
  let exponent = random.next() & 0xffff;
  let high = random.next();
  let low = random.oneIn(3) ? 0 : random.next();
  if (kind < 2) [exponent, high, low] = random.pick(EXTENDEDS) as [number, number, number];
  else if (kind < 5) {
    exponent = (exponent & 0x8000) | (0x3fff + random.between(-70, 70));
    high |= 0x80000000;
    if (random.oneIn(3)) high &= 0xfff00000;
    // A double's worth of digits.
    if (random.oneIn(4)) low &= 0xfffff800;
  }
  view.setUint32(at, low, true);
  view.setUint32(at + 4, high, true);
  view.setUint16(at + 8, exponent, true);
}

const CHOICES: readonly Lanes[] = ['integer', 'single', 'double'];

/** All XMM registers with the given lanes, or any. */
export function fillXmm(state: State, lanes: Lanes | undefined, random: Random): void {
  for (let i = 0; i < 16; i++) putLanes(state.view, FX_XMM + i * 16, lanes ?? random.pick(CHOICES), random);
}

/** The x87 registers: floating-point values, or MMX ones. */
export function fillStack(state: State, mmx: boolean, random: Random): void {
  const { view } = state;
  for (let i = 0; i < 8; i++) {
    const at = FX_ST + i * 16;
    if (!mmx) {
      putExtended(view, at, random);
      continue;
    }
    view.setUint32(at, word(random), true);
    view.setUint32(at + 4, word(random), true);
    view.setUint16(at + 8, random.oneIn(2) ? 0xffff : random.next() & 0xffff, true);
  }
}
