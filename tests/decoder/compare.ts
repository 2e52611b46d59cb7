// One encoding through both decoders.
import { deviationOf } from './deviations.ts';
import { type Instruction, type Operand, render, type Site } from './instruction.ts';
import { Oracle } from './oracle.ts';
import { Subject } from './subject.ts';
import { UNSUPPORTED } from './unsupported.ts';

export class Comparison {
  readonly subject = new Subject();
  readonly oracle = new Oracle();

  /** What the decoders disagree about, or undefined. `bytes` are at least 16. */
  disagreement(bytes: Uint8Array, site: Site): string | undefined {
    const theirs = this.oracle.decode(bytes, site);
    const ours = this.subject.decode(bytes, site);
    const lacking = theirs.features.some((feature) => UNSUPPORTED.has(feature));
    if (lacking || theirs.instruction.mnemonic === 'illegal') {
      if (ours.instruction.mnemonic === 'illegal') return undefined;
    } else if (render(ours.instruction) === render(comparable(theirs.instruction, ours.instruction, site))) {
      return undefined;
    }
    if (deviationOf({ site, theirs, ours }) !== undefined) return undefined;
    const place = `${site.bits}-bit ${Buffer.from(bytes.subarray(0, 15)).toString('hex')} at ${site.ip.toString(16)}`;
    const needs = ` (${theirs.features.join()}${lacking ? ", unsupported" : ""})`;
    const wanted = render(comparable(theirs.instruction, ours.instruction, site));
    return `${place}: ${ours.name} "${render(ours.instruction)}", iced ${theirs.code}${needs} "${wanted}"`;
  }
}

/** iced's view without what ours leaves open. */
function comparable(theirs: Instruction, ours: Instruction, site: Site): Instruction {
  const operands = theirs.operands.map((operand, index) => withoutOpenSizes(operand, ours.operands[index]));
  // In 64-bit mode only FS and GS have a base; an ignored override says nothing about #SS or #GP.
  const flat = site.bits === 64 && theirs.segment !== undefined && theirs.segment < 4;
  return { ...theirs, operands, segment: flat ? ours.segment : theirs.segment };
}

function withoutOpenSizes(theirs: Operand, ours: Operand | undefined): Operand {
  if (theirs.kind === 'R' && ours?.kind === 'R' && ours.size === undefined) return { ...theirs, size: undefined };
  if (theirs.kind === 'M' && ours?.kind === 'M' && ours.size === undefined) return { ...theirs, size: undefined };
  if (theirs.kind === 'I' && ours?.kind === 'I') return theirs;
  return theirs;
}
