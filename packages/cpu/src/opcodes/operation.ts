import { type Form, OPERANDS, type OperandCode } from './form.ts';

/** Which kinds of operand an operation's name tells apart. */
type Signature = 'R' | 'M' | 'I' | 'J' | 'A';

/** Operand size of a form as a rule: fixed at one, or chosen by prefixes and mode. */
export type SizeRule = 'none' | 'v' | 'y' | 'd64';

/** One operation of a form: a way to execute it, for one operand size and one kind of r/m. */
export interface Operation {
  readonly name: string;
  readonly group: string;
  /** Operand size in bits; undefined where the operation has none. */
  readonly size: 8 | 16 | 32 | 64 | undefined;
  readonly memory: boolean;
  readonly signature: string;
}

/** How a form's operand size is found. */
export function sizeRule(form: Form): SizeRule {
  if (form.attributes.has('d64')) return 'd64';
  if (form.attributes.has('y')) return 'y';
  if (form.attributes.has('v')) return 'v';
  const size = operandSize(form);
  return size === 'v' || size === 'y' ? size : 'none';
}

/** The first size that an operand gives: a width in bits, a rule, or nothing. */
function operandSize(form: Form): number | 'v' | 'y' | 'mmx' | undefined {
  if (form.attributes.has('b')) return 8;
  for (const operand of form.operands) {
    const { size } = OPERANDS[operand as OperandCode] as { size?: number | 'v' | 'y' | 'mmx' };
    if (size !== undefined) return size;
  }
  return undefined;
}

function signatureOf(operand: OperandCode, memory: boolean): Signature | '' {
  const { kind } = OPERANDS[operand];
  switch (kind) {
    case 'rm':
      return memory ? 'M' : 'R';
    case 'reg':
    case 'opcode':
    case 'fixed':
    case 'rm-register':
      return 'R';
    case 'absolute':
      return 'M';
    case 'imm':
      return operand === 'One' ? '' : 'I';
    case 'branch':
      return 'J';
    case 'far':
      return 'A';
    case 'implied':
      return '';
  }
}

/** True when ModRM.mod may be 3, or may be other than 3, in this form. */
export function allowsRegister(form: Form): boolean {
  return form.fixedRm !== undefined || (form.modrm && !form.attributes.has('mem') && !form.operands.includes('M'));
}
export function allowsMemory(form: Form): boolean {
  if (!form.modrm || form.fixedRm !== undefined || form.attributes.has('reg')) return false;
  return !form.operands.some((operand) => operand === 'STi' || operand === 'Rn');
}

/** Name of the operation that a form becomes at an operand size (16, 32, 64) with a memory or a register r/m. */
export function operationOf(form: Form, bits: 16 | 32 | 64, memory: boolean): Operation {
  const rule = sizeRule(form);
  const fixed = operandSize(form);
  const size = rule === 'none' ? (typeof fixed === 'number' ? (fixed as 8 | 16 | 32) : undefined) : bits;
  const signature = form.operands.map((operand) => signatureOf(operand as OperandCode, memory)).join('');
  const suffix = form.operands.some((operand) => operand === 'Pq' || operand === 'Qq') ? 'MMX' : (size ?? '');
  const name = [form.mnemonic.toUpperCase().replaceAll('.', '_'), signature, suffix]
    .filter((part) => part !== '')
    .join('_');
  return { name, group: form.group, size, memory: signature.includes('M'), signature };
}

/** Operand sizes that a form comes in. */
export function sizesOf(form: Form): (16 | 32 | 64)[] {
  switch (sizeRule(form)) {
    case 'none':
      return [32];
    case 'y':
      return [32, 64];
    default:
      return form.attributes.has('i64') ? [16, 32] : [16, 32, 64];
  }
}

/** All operations of a form, without the `_LOCAL` twins of branches. */
export function operationsOf(form: Form): Operation[] {
  const kinds = form.modrm
    ? [...(allowsRegister(form) ? [false] : []), ...(allowsMemory(form) ? [true] : [])]
    : [form.operands.some((operand) => OPERANDS[operand as OperandCode].kind === 'absolute')];
  return sizesOf(form).flatMap((bits) => kinds.map((memory) => operationOf(form, bits, memory)));
}
