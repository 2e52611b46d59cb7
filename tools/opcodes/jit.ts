// What the JIT knows of each operation: a class that asm/cpu/jit has code for, its form and size, and a detail. An operation
// without an entry is left to its executor.

/** Classes; the numbers are in the generated file as CLASS_<NAME>. */
const CLASSES = [
  'EXECUTOR',
  'LIGHT',
  'LIGHT_FLAGS',
  'EXIT',
  'ALU',
  'UNARY',
  'SHIFT',
  'IMUL',
  'MUL',
  'MOV',
  'EXTEND',
  'LEA',
  'PUSH',
  'POP',
  'LEAVE',
  'JCC_LOCAL',
  'JCC',
  'SETCC',
  'CMOV',
  'JMP_LOCAL',
  'JMP',
  'CALL',
  'JMP_INDIRECT',
  'CALL_INDIRECT',
  'RET',
  'NOP',
] as const;
const FORMS = ['NONE', 'R', 'M', 'I', 'RR', 'RM', 'MR', 'RI', 'MI', 'RRI', 'CL_R', 'J'] as const;
const ALU = ['ADD', 'OR', 'ADC', 'SBB', 'AND', 'SUB', 'XOR', 'CMP', 'TEST'] as const;
const UNARY = ['INC', 'DEC', 'NOT', 'NEG'] as const;
const SHIFT = ['SHL', 'SHR', 'SAR', 'ROL', 'ROR'] as const;
const EXTEND = ['MOVZX_B', 'MOVZX_W', 'MOVSX_B', 'MOVSX_W', 'MOVSXD'] as const;
const CONDITIONS = ['O', 'NO', 'B', 'AE', 'E', 'NE', 'BE', 'A', 'S', 'NS', 'P', 'NP', 'L', 'GE', 'LE', 'G'];

/** Groups whose executors touch no general register but the operation's own operands, and no flags but where named below. */
const LIGHT_GROUPS = ['sse.move', 'sse.float', 'sse.plain', 'sse.convert', 'sse.compare', 'sse.integer', 'sse.shuffle'];
/** Groups whose executors often leave the operations' loop: compiled code is to be entered again after them. */
const OFTEN_LEAVES = ['far', 'system', 'branch', 'string'];
const SETS_FLAGS = /^(U?COMIS|PTEST)/;
const IMPLIED_REGISTERS = /^(MASKMOV|LDMXCSR|STMXCSR|FX)/;

type Class = (typeof CLASSES)[number];
interface Entry {
  readonly kind: Class;
  readonly form?: (typeof FORMS)[number] | undefined;
  readonly bits?: number;
  readonly detail?: number;
}

/** Operations with a condition in their name. */
function condition(before: string, after: string): RegExp {
  return new RegExp(`^${before}(${CONDITIONS.join('|')})${after}$`);
}

const PATTERNS: readonly [RegExp, (m: string[]) => Entry][] = [
  [/^(ADD|OR|ADC|SBB|AND|SUB|XOR|CMP|TEST)_(RR|RI|MR|MI|RM)_(8|16|32|64)$/, (m) => sized('ALU', m, ALU)],
  [/^(INC|DEC|NOT|NEG)_(R|M)_(8|16|32|64)$/, (m) => sized('UNARY', m, UNARY)],
  [/^(SHL|SHR|SAR|ROL|ROR)_(RI|R|CL_R)_(32|64)$/, (m) => sized('SHIFT', m, SHIFT)],
  [/^(IMUL)_(RR|RM|RRI)_(32|64)$/, (m) => sized('IMUL', m, [])],
  [/^(MUL)_(R)_(32|64)$/, (m) => sized('MUL', m, [])],
  [/^(MOV)_(RR|RI|RM|MR|MI)_(8|16|32|64)$/, (m) => sized('MOV', m, [])],
  [/^(MOVZX_B|MOVZX_W|MOVSX_B|MOVSX_W|MOVSXD)_(RR|RM)_(16|32|64)$/, (m) => sized('EXTEND', m, EXTEND)],
  [/^(LEA)_(RM)_(16|32|64)$/, (m) => sized('LEA', m, [])],
  [/^(PUSH)_(R|I)_(64)$/, (m) => sized('PUSH', m, [])],
  [/^(POP)_(R)_(64)$/, (m) => sized('POP', m, [])],
  [/^LEAVE_64$/, () => ({ kind: 'LEAVE', bits: 64 })],
  [/^JMP_LOCAL$/, () => ({ kind: 'JMP_LOCAL' })],
  [condition('J', '_LOCAL'), (m) => conditional('JCC_LOCAL', m[1]!)],
  [/^JMP_J_64$/, () => ({ kind: 'JMP' })],
  [/^CALL_J_64$/, () => ({ kind: 'CALL' })],
  [condition('J', '_J_64'), (m) => conditional('JCC', m[1]!)],
  [condition('SET', '_R_8'), (m) => ({ ...conditional('SETCC', m[1]!), form: 'R', bits: 8 })],
  [condition('SET', '_M_8'), (m) => ({ ...conditional('SETCC', m[1]!), form: 'M', bits: 8 })],
  [
    condition('CMOV', '_(RR|RM)_(32|64)'),
    (m) => ({ ...conditional('CMOV', m[1]!), form: m[2] as 'RR', bits: Number(m[3]) }),
  ],
  [/^(JMP|CALL)_(R|M)_64$/, (m) => ({ kind: `${m[1]}_INDIRECT` as Class, form: m[2] as 'R', bits: 64 })],
  [/^RET(_I)?_64$/, (m) => ({ kind: 'RET', form: m[1] ? 'I' : 'NONE', bits: 64 })],
  [/^NOP(_RM_[RM])?$/, () => ({ kind: 'NOP' })],
  [/^(ILLEGAL|TOO_LONG|RESYNC|LINK|NEXT_PAGE|CROSS|JIT_.*)$/, () => ({ kind: 'EXIT' })],
];

function sized(kind: Class, m: string[], details: readonly string[]): Entry {
  return { kind, form: m[2] as 'R', bits: Number(m[3]), detail: Math.max(0, details.indexOf(m[1]!)) };
}

function conditional(kind: Class, condition: string): Entry {
  const detail = CONDITIONS.indexOf(condition);
  if (detail < 0) throw new Error(`no condition ${condition}`);
  return { kind, detail };
}

function entryOf(name: string, group: string): Entry {
  for (const [pattern, entry] of PATTERNS) {
    const match = pattern.exec(name);
    if (match) return entry(match);
  }
  if (LIGHT_GROUPS.includes(group) && !IMPLIED_REGISTERS.test(name)) {
    return { kind: SETS_FLAGS.test(name) ? 'LIGHT_FLAGS' : 'LIGHT' };
  }
  return group === 'loop' ? { kind: 'EXIT' } : { kind: 'EXECUTOR', detail: Number(OFTEN_LEAVES.includes(group)) };
}

/** Source of asm/generated/jit-forms.ts: constants, and a word for each operation: class, form, bits, detail in its bytes. */
export function jitFormsSource(groups: readonly { name: string; first: number; names: readonly string[] }[]): string {
  const words: number[] = [];
  for (const group of groups) {
    for (const [index, name] of group.names.entries()) {
      const { kind, form = 'NONE', bits = 0, detail = 0 } = entryOf(name, group.name);
      words[group.first + index] = CLASSES.indexOf(kind) | (FORMS.indexOf(form) << 8) | (bits << 16) | (detail << 24);
    }
  }
  const constants = [
    ...CLASSES.map((name, index) => `export const CLASS_${name}: u32 = ${index};`),
    ...FORMS.map((name, index) => `export const FORM_${name}: u32 = ${index};`),
    ...ALU.map((name, index) => `export const ALU_${name}: u32 = ${index};`),
    ...UNARY.map((name, index) => `export const UNARY_${name}: u32 = ${index};`),
    ...SHIFT.map((name, index) => `export const SHIFT_${name}: u32 = ${index};`),
    ...EXTEND.map((name, index) => `export const EXTEND_${name}: u32 = ${index};`),
  ];
  const table = Array.from(words, (word) => (word ?? 0) >>> 0);
  return `${constants.join('\n')}\nexport const JIT_FORMS: StaticArray<u32> = [${table.join(',')}];\n`;
}
