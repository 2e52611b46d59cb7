import type { Encoding } from './forms.ts';
import { AF, ARITHMETIC, CF, GPRS, OF, PF, SF, type State, ZF } from './state.ts';

/** CL in a state. */
const RCX_BYTE = GPRS + 8;

/** Whose processor the host has. Ours leaves most flags that are undefined as AMD's Zen 4 does. */
export type Vendor = 'AMD' | 'other';

/** Flags that are not compared: the manuals leave them undefined (Intel SDM vol. 2, vol. 1 appendix A). */
export function undefinedFlags(encoding: Encoding, before: State, vendor: Vendor): number {
  const [name] = encoding.form.mnemonic.split('.') as [string];
  // Ours has them from the product, which is faster than keeping them.
  if (/^(mul|imul1?)$/.test(name)) return SF | ZF | AF | PF;
  return vendor === 'AMD' ? 0 : undefinedElsewhere(encoding, name, before);
}

function undefinedElsewhere(encoding: Encoding, name: string, before: State): number {
  if (/^(and|or|xor|test)$/.test(name)) return AF;
  if (/^i?div$/.test(name)) return ARITHMETIC;
  if (/^bt[src]?$/.test(name)) return OF | SF | AF | PF;
  if (/^bs[fr]$/.test(name)) return CF | OF | SF | AF | PF;
  if (/^aa[as]$/.test(name)) return OF | SF | ZF | PF;
  if (/^da[as]$/.test(name)) return OF;
  if (/^aa[dm]$/.test(name)) return OF | AF | CF;
  if (/^(rol|ror|rcl|rcr|shl|shr|sar|shld|shrd)$/.test(name)) return undefinedAfterShift(encoding, name, before);
  return 0;
}

function undefinedAfterShift(encoding: Encoding, name: string, before: State): number {
  const bits = encoding.form.operands[0] === 'Eb' ? 8 : encoding.bits;
  const count = shiftCount(encoding, before) & (bits === 64 ? 0x3f : 0x1f);
  if (count === 0) return 0;
  const overflow = count === 1 ? 0 : OF;
  if (name.startsWith('r')) return overflow;
  if (/^sh[lr]d$/.test(name)) return count > bits ? ARITHMETIC : overflow | AF;
  return overflow | AF | (count >= bits && name !== 'sar' ? CF : 0);
}

function shiftCount({ form, immediate }: Encoding, before: State): number {
  if (form.mnemonic.endsWith('.cl')) return before.bytes[RCX_BYTE]!;
  return form.operands.at(-1) === 'One' ? 1 : immediate;
}
