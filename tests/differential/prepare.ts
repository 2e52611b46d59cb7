import { aim } from './address.ts';
import type { Encoding } from './forms.ts';
import { Random } from './random.ts';
import { MIDDLE, WINDOW } from './region.ts';
import { type Draft, ruleOf } from './rules.ts';
import { ARITHMETIC, DF, FX_FCW, FX_FOP, FX_FSW, FX_MXCSR, FX_TAGS, NO_VECTOR, type State } from './state.ts';
import {
  fillNoise,
  fillRegisters,
  fillStack,
  fillXmm,
  type Lanes,
  putDouble,
  putExtended,
  putLanes,
  putSingle,
} from './values.ts';

const RSP = 4;
const EXCEPTIONS = 0x3f;
const FSW_SUMMARY = 0x8080;
const MXCSR_MASKS = 0x1f80;

/** Fill `state` and `window` with what an encoding is to run on: the same for the same seed. */
export function prepare(
  encoding: Encoding,
  seed: number,
  n: number,
  base: number,
  state: State,
  window: Uint8Array,
): void {
  const random = new Random(seed, 0x10000 + n);
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  const rule = ruleOf(encoding.form.mnemonic);
  const draft: Draft = { encoding, state, window, view, random, base };
  fillNoise(new Uint32Array(window.buffer, window.byteOffset, window.byteLength / 4), random);
  fillRegisters(state, random);
  state.setGpr(RSP, BigInt(base + MIDDLE + random.between(-32, 31) * 8 + (random.oneIn(4) ? random.below(8) : 0)));
  state.flags = (random.next() & (random.oneIn(4) ? ARITHMETIC | DF : ARITHMETIC)) | 0x202;
  state.vector = NO_VECTOR;
  fillFloat(encoding, state, random);
  rule?.registers?.(draft);
  if (encoding.address === undefined) {
    rule?.memory?.(draft);
    return;
  }
  fillOperand(encoding, view, encoding.address.target - base - WINDOW, random);
  // What LEA computes from need not be an address.
  if (encoding.form.mnemonic !== 'lea') aim(state, encoding.address, random);
  rule?.memory?.(draft);
}

/** Lanes that a form's operands hold; undefined for any. */
function lanesOf({ form }: Encoding): Lanes | undefined {
  const { mnemonic, group } = form;
  if (group === 'sse.string') return 'text';
  const conversion = /^cvtt?(..)2/.exec(mnemonic)?.[1];
  const type = conversion ?? (/^(sse\.(float|compare)|sse\.convert)$/.test(group) ? mnemonic.slice(-2) : '');
  if (type === 'ps' || type === 'ss') return 'single';
  if (type === 'pd' || type === 'sd') return 'double';
  return undefined;
}

function fillFloat(encoding: Encoding, state: State, random: Random): void {
  const { view } = state;
  const { group } = encoding.form;
  fillXmm(state, random.oneIn(8) ? undefined : lanesOf(encoding), random);
  fillStack(state, !group.startsWith('x87'), random);
  const masks = random.oneIn(6) ? random.next() & EXCEPTIONS : EXCEPTIONS;
  view.setUint16(FX_FCW, random.pick([0, 0x200, 0x300]) | (random.next() & 0x0c00) | 0x40 | masks, true);
  // Flags of unmasked exceptions only with the summary bit that goes with them, and rarely.
  let fsw = random.next() & 0x7f7f;
  const pending = (fsw & EXCEPTIONS & ~masks) !== 0 && random.oneIn(3);
  fsw = pending ? fsw | FSW_SUMMARY : fsw & ~(EXCEPTIONS & ~masks);
  view.setUint16(FX_FSW, fsw, true);
  const tags = random.below(4);
  view.setUint8(FX_TAGS, tags === 0 ? 0 : tags === 1 ? 0xff : random.next() & 0xff);
  for (let at = FX_FOP; at < FX_MXCSR; at++) view.setUint8(at, 0);
  const sseMasks = random.oneIn(6) ? random.next() & MXCSR_MASKS : MXCSR_MASKS;
  const flush = random.oneIn(3) ? random.next() & 0x8040 : 0;
  view.setUint32(FX_MXCSR, sseMasks | flush | (random.next() & 0x603f), true);
}

/** Put a value of the operand's own type into memory. */
function fillOperand(encoding: Encoding, view: DataView, at: number, random: Random): void {
  const { mnemonic, group } = encoding.form;
  if (mnemonic.endsWith('.s32')) putSingle(view, at, random);
  else if (mnemonic.endsWith('.s64')) putDouble(view, at, random);
  else if (mnemonic.endsWith('.s80')) putExtended(view, at, random);
  else if (mnemonic === 'frstor') for (let i = 0; i < 8; i++) putExtended(view, at + 28 + i * 10, random);
  else if (mnemonic === 'fxrstor') for (let i = 0; i < 8; i++) putExtended(view, at + 32 + i * 16, random);
  else if (group.startsWith('sse'))
    putLanes(view, at, lanesOf(encoding) ?? random.pick(['integer', 'single', 'double']), random);
  else putLanes(view, at, 'integer', random);
}
