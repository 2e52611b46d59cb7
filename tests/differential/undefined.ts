import type { Encoding } from './forms.ts';
import { AF, ARITHMETIC, CF, OF, PF, SF, type State, ZF } from './state.ts';

const RCX_BYTE = 0x208;

/** Flags that the manuals leave undefined after an instruction (Intel SDM vol. 2, vol. 1 appendix A). */
export function undefinedFlags(encoding: Encoding, before: State): number {
  const { mnemonic } = encoding.form;
  const [name] = mnemonic.split('.') as [string];
  if (/^(and|or|xor|test)$/.test(name)) return AF;
  if (/^(mul|imul1?)$/.test(name)) return SF | ZF | AF | PF;
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
  const wanted = mnemonicCount(encoding, before);
  const count = wanted & (bits === 64 ? 0x3f : 0x1f);
  if (count === 0) return 0;
  const overflow = count === 1 ? 0 : OF;
  if (name.startsWith('r')) return overflow;
  if (/^sh[lr]d$/.test(name)) return count > bits ? ARITHMETIC : overflow | AF;
  return overflow | AF | (count >= bits && name !== 'sar' ? CF : 0);
}

function mnemonicCount({ form, immediate }: Encoding, before: State): number {
  if (form.mnemonic.endsWith('.cl')) return before.bytes[RCX_BYTE]!;
  return form.operands.at(-1) === 'One' ? 1 : immediate;
}
