import { branch, stack, string } from './control.ts';
import type { Form } from './form.ts';
import { arithmetic, bits, move, shift } from './integer.ts';
import { mmx } from './mmx.ts';
import { sseCompare } from './sse-compare.ts';
import { sseConvert } from './sse-convert.ts';
import { sseFloat } from './sse-float.ts';
import { sseInteger } from './sse-integer.ts';
import { sseMove } from './sse-move.ts';
import { ssePlain } from './sse-plain.ts';
import { sseShuffle } from './sse-shuffle.ts';
import { sseString } from './sse-string.ts';
import { far, system } from './system.ts';
import { x87 } from './x87.ts';

export { type Form, OPERANDS, type OperandCode } from './form.ts';

/** Every instruction form that the CPU knows, by family. */
export const FORMS: readonly Form[] = [
  arithmetic,
  shift,
  bits,
  move,
  branch,
  stack,
  string,
  far,
  system,
  x87,
  mmx,
  sseMove,
  sseFloat,
  ssePlain,
  sseConvert,
  sseCompare,
  sseInteger,
  sseShuffle,
  sseString,
].flat();
