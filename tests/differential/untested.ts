import type { Form } from '../../packages/cpu/src/opcodes/index.ts';

interface Reason {
  readonly forms: (form: Form) => boolean;
  readonly reason: string;
}

const named = (pattern: RegExp) => (form: Form) => pattern.test(form.mnemonic);

/** Forms that are not run against the host, and why. What the host can be asked is not on this list. */
export const UNTESTED: readonly Reason[] = [
  { forms: (form) => form.group === 'system' && form.mnemonic !== 'ud2' && form.mnemonic !== 'pause', reason: 'system instruction' },
  { forms: named(/^(int|callf|jmpf|retf|mov\.(to|from)\.sreg|l[defgs]s|arpl)$/), reason: 'depends on descriptor tables' },
  { forms: named(/^(push|pop)\.[cdefgs]s$/), reason: 'depends on descriptor tables' },
  { forms: named(/^(ins|outs|in|out|in\.i|out\.i)$/), reason: 'port access' },
];

export function reasonUntested(form: Form): string | undefined {
  return UNTESTED.find(({ forms }) => forms(form))?.reason;
}
