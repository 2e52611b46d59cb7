import { type Form, OPERANDS, type OperandCode } from '../../packages/cpu/src/opcodes/form.ts';
import {
  allowsMemory,
  allowsRegister,
  operationOf,
  sizeRule,
  sizesOf,
} from '../../packages/cpu/src/opcodes/operation.ts';

// The decoder's tables. A root of 4 × 256 words (map, opcode byte); a word is 0 (no such instruction), LEAF | index, or
// the index of a node: its kind, then its children.
export const LEAF = 0x8000;
export const NODE = Object.freeze({ MODE: 1, PREFIX: 2, MOD: 3, REG: 4, RM: 5 });
/** Bytes of a leaf: u16 operations[6] (16, 32, 64 bits × register, memory), 3 × { u8 kind, u8 detail }, u8 size rule, u8 flags. */
export const LEAF_SIZE = 20;
export const RULES = Object.freeze({ none: 0, v: 1, y: 2, d64: 3 });
export const LEAF_FLAGS = Object.freeze({ MODRM: 1, LOCK: 2, ENDS: 4, WIDE: 8 });
export const KINDS = Object.freeze({
  implied: 0,
  rm: 1,
  reg: 2,
  opcode: 3,
  fixed: 4,
  imm: 5,
  branch: 6,
  far: 7,
  absolute: 8,
  'rm-register': 9,
});
export const FILES = Object.freeze({ gpr: 0, gpr8: 1, mmx: 2, xmm: 3, number: 4, segment: 5, x87: 5, memory: 0 });
export const IMMEDIATES = Object.freeze({ Ib: 1, Ibs: 2, Iw: 3, Iz: 4, Iv: 5, Iwb: 6, One: 7 });

/** Nothing decoded after these can be reached by falling through. */
const ENDS = /^(jmp|call|ret|jmpf|callf|retf|iret|int1|int3|int|ud2|syscall|sysret|sysenter|sysexit|hlt)$/;

export interface DecodeTables {
  readonly root: number[];
  readonly nodes: number[];
  readonly leaves: number[];
}

export function buildTables(forms: readonly Form[], numbers: ReadonlyMap<string, number>): DecodeTables {
  const nodes = [0];
  const leaves: number[] = [];
  const seen = new Map<string, number>();

  const leaf = (form: Form): number => {
    const bytes = leafBytes(form, numbers);
    const key = bytes.join();
    const known = seen.get(key);
    if (known !== undefined) return known;
    const index = leaves.length / LEAF_SIZE;
    leaves.push(...bytes);
    seen.set(key, LEAF | index);
    return LEAF | index;
  };
  const node = (kind: number, children: number[]): number => {
    const index = nodes.length;
    nodes.push(kind, ...children);
    return index;
  };
  const build = (candidates: readonly Form[]): number => {
    if (candidates.length === 0) return 0;
    const split = discriminate(candidates);
    if (split !== undefined) {
      const children = split.children.map(build);
      return node(split.kind, children);
    }
    // What names its prefix goes before what takes any.
    const [best, other] = [...candidates].sort(
      (a, b) => Number(b.prefix !== undefined) - Number(a.prefix !== undefined),
    );
    if (other !== undefined && (best!.prefix === undefined) === (other.prefix === undefined)) {
      throw new Error(`opcode table: "${best!.text}" and "${other.text}" are the same encoding`);
    }
    return leaf(best!);
  };

  const root: number[] = [];
  for (let map = 0; map < 4; map++) {
    for (let byte = 0; byte < 256; byte++) {
      root.push(
        build(
          forms.filter(
            (form) => form.map === map && (form.plusRegister ? byte >> 3 === form.opcode >> 3 : byte === form.opcode),
          ),
        ),
      );
    }
  }
  return { root, nodes, leaves };
}

/** Attribute of forms whose i64 or o64 a split by mode has dealt with. */
const MODE_SETTLED = 'mode settled';

/** The first thing that tells these forms apart, and the forms on each of its sides. */
function discriminate(forms: readonly Form[]): { kind: number; children: Form[][] } | undefined {
  if (
    forms.some(
      (form) => !form.attributes.has(MODE_SETTLED) && (form.attributes.has('i64') || form.attributes.has('o64')),
    )
  ) {
    const settle = (form: Form): Form => ({ ...form, attributes: new Set([...form.attributes, MODE_SETTLED]) });
    return {
      kind: NODE.MODE,
      children: [
        forms.filter((form) => !form.attributes.has('o64')).map(settle),
        forms.filter((form) => !form.attributes.has('i64')).map(settle),
      ],
    };
  }
  if (forms.some((form) => form.prefix !== undefined)) {
    return {
      kind: NODE.PREFIX,
      children: (['NP', '66', 'F3', 'F2'] as const).map((prefix) => prefixed(forms, prefix)),
    };
  }
  if (new Set(forms.map((form) => `${allowsMemory(form)} ${allowsRegister(form)}`)).size > 1) {
    return { kind: NODE.MOD, children: [forms.filter(allowsMemory), forms.filter(allowsRegister)].map(settleMod) };
  }
  if (forms.some((form) => form.digit !== undefined)) {
    return {
      kind: NODE.REG,
      children: digits((n) => forms.filter((form) => form.digit === undefined || form.digit === n).map(strip('digit'))),
    };
  }
  if (forms.some((form) => form.fixedRm !== undefined)) {
    return {
      kind: NODE.RM,
      children: digits((n) => forms.filter((form) => form.fixedRm === undefined || form.fixedRm === n)).map((list) =>
        pickFixed(list),
      ),
    };
  }
  return undefined;
}

const digits = (children: (n: number) => Form[]): Form[][] => Array.from({ length: 8 }, (_, n) => children(n));
const strip =
  (key: 'digit') =>
  (form: Form): Form => ({ ...form, [key]: undefined });

/** Forms under one prefix; those that name it displace those that take any where both encode the same. */
function prefixed(forms: readonly Form[], prefix: Form['prefix']): Form[] {
  const named = forms.filter((form) => form.prefix === prefix);
  const open = forms.filter((form) => form.prefix === undefined && !named.some((other) => overlaps(form, other)));
  return [...named, ...open].map((form) => ({ ...form, prefix: undefined }));
}

function overlaps(a: Form, b: Form): boolean {
  const digit = a.digit === undefined || b.digit === undefined || a.digit === b.digit;
  const rm = a.fixedRm === undefined || b.fixedRm === undefined || a.fixedRm === b.fixedRm;
  const mod = (allowsMemory(a) && allowsMemory(b)) || (allowsRegister(a) && allowsRegister(b)) || !a.modrm;
  return digit && rm && mod;
}

/** After the split by ModRM.mod both sides look alike to it. */
function settleMod(forms: Form[], side: number): Form[] {
  return forms.map((form) => ({ ...form, attributes: new Set([...form.attributes, side === 0 ? 'mem' : 'reg']) }));
}

/** A whole second byte goes before a form with any r/m. */
function pickFixed(forms: Form[]): Form[] {
  const fixed = forms.filter((form) => form.fixedRm !== undefined);
  return (fixed.length > 0 ? fixed : forms).map((form) => ({
    ...form,
    fixedRm: undefined,
    attributes: new Set([...form.attributes, 'reg']),
  }));
}

function leafBytes(form: Form, numbers: ReadonlyMap<string, number>): number[] {
  const operations = [16, 32, 64].flatMap((bits) => {
    const size = bits as 16 | 32 | 64;
    if (!sizesOf(form).includes(size)) return [0, 0];
    return [false, true].map((memory) => operationNumber(form, size, memory, numbers));
  });
  const operands = [0, 1, 2].flatMap((index) => operandBytes(form.operands[index] as OperandCode | undefined));
  const flags =
    (form.modrm ? LEAF_FLAGS.MODRM : 0) |
    (form.attributes.has('lock') ? LEAF_FLAGS.LOCK : 0) |
    (ENDS.test(form.mnemonic) ? LEAF_FLAGS.ENDS : 0) |
    (form.attributes.has('wide') ? LEAF_FLAGS.WIDE : 0);
  return [...operations.flatMap((number) => [number & 0xff, number >> 8]), ...operands, RULES[sizeRule(form)], flags];
}

function operationNumber(
  form: Form,
  size: 16 | 32 | 64,
  memory: boolean,
  numbers: ReadonlyMap<string, number>,
): number {
  if (form.attributes.has('wide') && memory) return known(numbers, `${form.mnemonic.toUpperCase()}_LOCAL`);
  if (form.modrm && !(memory ? allowsMemory(form) : allowsRegister(form))) return 0;
  const operation = operationOf(
    form,
    size,
    form.modrm ? memory : form.operands.some((operand) => operand.startsWith('O') && operand !== 'One'),
  );
  return known(numbers, operation.name);
}

function known(numbers: ReadonlyMap<string, number>, name: string): number {
  const number = numbers.get(name);
  if (number === undefined) throw new Error(`opcode table: no operation ${name}`);
  return number;
}

function operandBytes(operand: OperandCode | undefined): [number, number] {
  if (operand === undefined) return [0, 0];
  const info = OPERANDS[operand] as { kind: keyof typeof KINDS; file?: keyof typeof FILES };
  const detail =
    info.kind === 'imm'
      ? IMMEDIATES[operand as keyof typeof IMMEDIATES]
      : info.kind === 'branch'
        ? operand === 'Jb'
          ? 1
          : 4
        : FILES[info.file ?? 'gpr'];
  return [KINDS[info.kind], detail];
}
