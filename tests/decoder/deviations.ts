// Encodings that the decoder reads otherwise than iced-x86, and why.
import type { Instruction, Site } from './instruction.ts';
import type { Verdict } from './oracle.ts';

export interface Case {
  readonly bytes: Uint8Array;
  readonly site: Site;
  readonly theirs: Verdict;
  readonly ours: { readonly name: string; readonly instruction: Instruction };
}

const DEVIATIONS: readonly { readonly reason: string; readonly applies: (it: Case) => boolean }[] = [];

/** Why a disagreement is meant, or undefined. */
export function deviationOf(it: Case): string | undefined {
  return DEVIATIONS.find(({ applies }) => applies(it))?.reason;
}
