// Labels that a branch can go to: a block's end, a loop's beginning, the two exits, the dispatcher.
import { LABELS, LABEL_STACK, setWord, word } from "./state";

export const LABEL_INDIRECT: u32 = 0x2000;
export const LABEL_EXIT: u32 = 0x2001;
export const LABEL_DISPATCH: u32 = 0x2002;
/** Added to the number of a loop's first block. */
export const LABEL_LOOP: u32 = 0x1000;

export function pushLabel(label: u32): void {
  const count = word(LABELS);
  store<u16>(LABEL_STACK + count * 2, <u16>label);
  setWord(LABELS, count + 1);
}

export function popLabel(): void {
  setWord(LABELS, word(LABELS) - 1);
}

/** Labels between the code of a block and `label`. */
export function depthOf(label: u32): u32 {
  const count = word(LABELS);
  let depth: u32 = 0;
  while (load<u16>(LABEL_STACK + (count - 1 - depth) * 2) != label) depth++;
  return depth;
}
