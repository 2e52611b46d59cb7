import { branch, stack, string } from './control.ts';
import type { Form } from './form.ts';
import { arithmetic, bits, move, shift } from './integer.ts';
import { far, system } from './system.ts';

export { type Form, OPERANDS, type OperandCode } from './form.ts';

/** Every instruction form that the CPU knows, by family. */
export const FORMS: readonly Form[] = [arithmetic, shift, bits, move, branch, stack, string, far, system].flat();
