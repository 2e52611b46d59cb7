// One encoding through both decoders.
import { deviationOf } from './deviations.ts';
import { type Instruction, type Operand, render, type Site } from './instruction.ts';
import { Oracle } from './oracle.ts';
import { Subject } from './subject.ts';
import { UNSUPPORTED } from './unsupported.ts';

/** Compares encodings and keeps count of what they turned out to be. */
export class Comparison {
  readonly subject = new Subject();
  readonly #oracle = new Oracle();
  /** Encodings by outcome; a deviation counts under its reason. */
  readonly counts = new Map<string, number>();
  /** Names of our operations that were met. */
  readonly operations = new Set<string>();
  readonly #disagreements = new Map<string, string>();

  /** What the decoders disagree about: the first encoding of each pair of readings. */
  get disagreements(): string[] {
    return [...this.#disagreements.values()];
  }

  /** @param bytes at least 16 */
  compare(bytes: Uint8Array, site: Site): void {
    const theirs = this.#oracle.decode(bytes, site);
    const ours = this.subject.decode(bytes, site);
    this.operations.add(ours.name);
    const wanted = comparable(theirs.instruction, ours.instruction, site);
    // Hints are NOPs on a processor without their feature.
    const lacking =
      theirs.instruction.mnemonic !== 'nop' && theirs.features.some((feature) => UNSUPPORTED.has(feature));
    const illegal = lacking || wanted.mnemonic === 'illegal';
    const agreed = illegal ? ours.instruction.mnemonic === 'illegal' : render(ours.instruction) === render(wanted);
    const outcome = agreed ? (illegal ? 'illegal' : 'agreed') : deviationOf(ours.name, theirs.code);
    if (outcome !== undefined) {
      this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1);
      return;
    }
    const place = `${site.bits}-bit ${Buffer.from(bytes.subarray(0, 15)).toString('hex')} at ${site.ip.toString(16)}`;
    const features = `${theirs.features.join()}${lacking ? ', not ours' : ''}`;
    this.#disagreements.set(
      `${ours.name} ${theirs.code}`,
      `${place}: ${ours.name} "${render(ours.instruction)}", iced: ${theirs.code} (${features}) "${render(wanted)}"`,
    );
  }
}

/** iced's view without what ours leaves open. */
function comparable(theirs: Instruction, ours: Instruction, site: Site): Instruction {
  const operands = theirs.operands.map((operand, index) => withoutOpenSize(operand, ours.operands[index]));
  // In 64-bit mode only FS and GS have a base; an override of the others is ignored and says nothing about #SS or #GP.
  const flat = site.bits === 64 && theirs.segment !== undefined && theirs.segment < 4;
  return { ...theirs, operands, segment: flat ? ours.segment : theirs.segment };
}

function withoutOpenSize(theirs: Operand, ours: Operand | undefined): Operand {
  if (theirs.kind === 'R' && ours?.kind === 'R' && ours.size === undefined) return { ...theirs, size: undefined };
  if (theirs.kind === 'M' && ours?.kind === 'M' && ours.size === undefined) return { ...theirs, size: undefined };
  return theirs;
}
