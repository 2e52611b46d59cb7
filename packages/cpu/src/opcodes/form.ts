/**
 * The opcode table's grammar. Every instruction form is one line, as the manuals write it:
 *
 *     0F AF /r   imul Gv,Ev
 *     66 0F 6F /r   movdqa Vx,Wx
 *     80 /7      cmp Eb,Ib
 *     D9 E8      fld1
 *
 * Encoding: an optional mandatory prefix (`NP`, `66`, `F3`, `F2`), an optional map (`0F`, `0F 38`, `0F 3A`), the opcode
 * byte (`50+` when its low three bits name a register), then `/r` (ModRM), `/0`…`/7` (ModRM with an opcode extension) or a
 * whole second byte (`D9 E8`: a ModRM byte with fixed reg and r/m, register form).
 *
 * Operands follow Intel SDM vol. 2, appendix A; see `OPERANDS`. Attributes after the operands:
 *
 * - `mem` / `reg`: only with a memory or only with a register r/m;
 * - `i64` / `o64`: not in 64-bit mode / only in 64-bit mode;
 * - `d64`: operand size 64 by default in 64-bit mode, and never 32 there (66 makes it 16, of near branches too: AMD's way);
 * - `y`: operand size 32, or 64 with REX.W;
 * - `v`, `b`: an instruction without operands that comes in operand sizes 16/32/64, or that is 8-bit;
 * - `lock`: LOCK is allowed with a memory destination;
 * - `cc`: the line stands for sixteen, `cc` in the mnemonic being the condition in the opcode's low four bits.
 * - `wide`: 64-bit operation number is used only in 64-bit mode with the operands' full form (branches): a second,
 *   `_LOCAL` operation exists for targets in the same page.
 */
export interface Form {
  /** Family the line came from: decides which executor takes it when the operations' loop does not. */
  readonly group: string;
  readonly prefix: 'NP' | '66' | 'F3' | 'F2' | undefined;
  readonly map: 0 | 1 | 2 | 3;
  readonly opcode: number;
  /** The opcode's low three bits are a register. */
  readonly plusRegister: boolean;
  readonly modrm: boolean;
  /** ModRM.reg as opcode extension. */
  readonly digit: number | undefined;
  /** ModRM.rm fixed by a whole second byte. */
  readonly fixedRm: number | undefined;
  readonly mnemonic: string;
  readonly operands: readonly string[];
  readonly attributes: ReadonlySet<string>;
  /** The line itself, for messages and coverage lists. */
  readonly text: string;
}

/** Operand codes and what they are. `size` in bits where the operand itself fixes the operation's size. */
export const OPERANDS = Object.freeze({
  // ModRM r/m: a general register or memory
  Eb: { kind: 'rm', file: 'gpr8', size: 8 },
  Ew: { kind: 'rm', file: 'gpr', size: 16 },
  Ed: { kind: 'rm', file: 'gpr', size: 32 },
  Ev: { kind: 'rm', file: 'gpr', size: 'v' },
  Ey: { kind: 'rm', file: 'gpr', size: 'y' },
  // r/m of another width than the operation's size (MOVZX, MOV r/m16 of a segment, PINSR…)
  Eb2: { kind: 'rm', file: 'gpr8', size: undefined },
  Ew2: { kind: 'rm', file: 'gpr', size: undefined },
  Ed2: { kind: 'rm', file: 'gpr', size: undefined },
  // ModRM reg: a general register
  Gb: { kind: 'reg', file: 'gpr8', size: 8 },
  Gw: { kind: 'reg', file: 'gpr', size: 16 },
  Gd: { kind: 'reg', file: 'gpr', size: 32 },
  Gv: { kind: 'reg', file: 'gpr', size: 'v' },
  Gy: { kind: 'reg', file: 'gpr', size: 'y' },
  // Register in the opcode's low three bits
  Zb: { kind: 'opcode', file: 'gpr8', size: 8 },
  Zv: { kind: 'opcode', file: 'gpr', size: 'v' },
  // Fixed registers
  AL: { kind: 'fixed', file: 'gpr8', size: 8, register: 0 },
  AX: { kind: 'fixed', file: 'gpr', size: 16, register: 0 },
  rAX: { kind: 'fixed', file: 'gpr', size: 'v', register: 0 },
  CL: { kind: 'implied', file: 'gpr8', size: undefined },
  DX: { kind: 'implied', file: 'gpr', size: undefined },
  // Immediates: Ib zero-extended, Ibs sign-extended, Iw 16-bit zero-extended, Iz 16/32 sign-extended, Iv up to 64 bits, Iwb is Iw then Ib (ENTER)
  Ib: { kind: 'imm', bytes: 1 },
  Ibs: { kind: 'imm', bytes: 1 },
  Iw: { kind: 'imm', bytes: 2 },
  Iz: { kind: 'imm', bytes: 'z' },
  Iv: { kind: 'imm', bytes: 'v' },
  Iwb: { kind: 'imm', bytes: 3 },
  One: { kind: 'imm', bytes: 0 },
  // Relative branch targets, far pointers, absolute addresses
  Jb: { kind: 'branch', bytes: 1 },
  Jz: { kind: 'branch', bytes: 'z' },
  Ap: { kind: 'far', bytes: 'z+2' },
  Ob: { kind: 'absolute', size: 8 },
  Ov: { kind: 'absolute', size: 'v' },
  // Memory of a width the operation knows (LEA, FXSAVE, far pointers, x87 memory…)
  M: { kind: 'rm', file: 'memory', size: undefined },
  // Segment, control and debug registers named by ModRM.reg; as plain numbers in OP_DST / OP_SRC
  Sw: { kind: 'reg', file: 'segment', size: undefined },
  Cn: { kind: 'reg', file: 'number', size: undefined },
  Dn: { kind: 'reg', file: 'number', size: undefined },
  /** r/m always a general register, whatever ModRM.mod says (MOV CR/DR). */
  Rn: { kind: 'rm-register', file: 'gpr', size: undefined },
  // x87 stack register named by ModRM.rm; as plain number
  STi: { kind: 'rm', file: 'x87', size: undefined },
  // MMX: reg, r/m (register or memory of the operation's width)
  Pq: { kind: 'reg', file: 'mmx', size: 'mmx' },
  Qq: { kind: 'rm', file: 'mmx', size: 'mmx' },
  // XMM: reg, r/m
  Vx: { kind: 'reg', file: 'xmm', size: undefined },
  Wx: { kind: 'rm', file: 'xmm', size: undefined },
} as const);

export type OperandCode = keyof typeof OPERANDS;

const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
const ATTRIBUTES = new Set(['mem', 'reg', 'i64', 'o64', 'd64', 'y', 'v', 'b', 'lock', 'cc', 'wide']);
const PREFIXES = new Set(['NP', '66', 'F3', 'F2']);

/** Read a family's lines. Throws an Error naming the line that it cannot read. */
export function parseForms(group: string, text: string): Form[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .flatMap((line) => expandConditions(parseLine(group, line)));
}

function parseLine(group: string, text: string): Form {
  const match = /^(.*?)\s{2,}(\S+)(?:\s+(\S.*))?$/.exec(text);
  if (match === null) throw new Error(`opcode table: cannot read "${text}"`);
  const [, encoding, mnemonic, rest = ''] = match as unknown as [string, string, string, string?];
  const words = rest.split(/\s+/).filter((word) => word !== '');
  const attributes = new Set(words.filter((word) => ATTRIBUTES.has(word)));
  const operandWords = words.filter((word) => !ATTRIBUTES.has(word));
  const operands = operandWords.length === 0 ? [] : operandWords[0]!.split(',');
  if (operandWords.length > 1 || operands.some((operand) => !(operand in OPERANDS))) {
    throw new Error(`opcode table: unknown operand or attribute in "${text}"`);
  }
  return { group, ...parseEncoding(encoding, text), mnemonic, operands, attributes, text };
}

function parseEncoding(encoding: string, text: string) {
  const bytes = encoding.split(/\s+/);
  // A lone "F2" or "66" would be an opcode, but those bytes are prefixes and have no forms of their own.
  const prefix = PREFIXES.has(bytes[0]!) && bytes.length > 1 ? (bytes.shift() as Form['prefix']) : undefined;
  const map = takeMap(bytes);
  const first = bytes.shift() ?? '';
  const opcode = Number.parseInt(first, 16);
  if (!/^[0-9A-F]{2}\+?$/.test(first) || bytes.length > 1) throw new Error(`opcode table: cannot read "${text}"`);
  const second = bytes[0];
  const slash = second?.startsWith('/') ? second.slice(1) : undefined;
  const whole = second !== undefined && slash === undefined ? Number.parseInt(second, 16) : undefined;
  return {
    prefix,
    map,
    opcode,
    plusRegister: first.endsWith('+'),
    modrm: second !== undefined,
    digit: whole !== undefined ? (whole >> 3) & 7 : slash !== undefined && slash !== 'r' ? Number(slash) : undefined,
    fixedRm: whole !== undefined ? whole & 7 : undefined,
  };
}

/** Take the map's escape bytes off an encoding. */
function takeMap(bytes: string[]): Form['map'] {
  if (bytes[0] !== '0F') return 0;
  bytes.shift();
  const second: string | undefined = bytes.length > 1 ? bytes.at(0) : undefined;
  const map = second === '38' ? 2 : second === '3A' ? 3 : 1;
  if (map > 1) bytes.shift();
  return map;
}

function expandConditions(form: Form): Form[] {
  if (!form.attributes.has('cc')) return [form];
  return CONDITIONS.map((condition, code) => ({
    ...form,
    opcode: form.opcode + code,
    mnemonic: form.mnemonic.replace('cc', condition),
    text: form.text
      .replace(
        /^((?:0F )?)([0-9A-F]{2})/,
        (_, map: string, byte: string) =>
          `${map}${(Number.parseInt(byte, 16) + code).toString(16).toUpperCase().padStart(2, '0')}`,
      )
      .replace('cc ', `${condition} `),
  }));
}
