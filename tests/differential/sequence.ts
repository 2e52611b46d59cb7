import { FORMS, type Form } from '../../packages/cpu/src/opcodes/index.ts';
import { allowsRegister } from '../../packages/cpu/src/opcodes/operation.ts';
import { type Encoding, encode } from './forms.ts';
import { Random } from './random.ts';
import type { Vendor } from './undefined.ts';

/** Groups whose instructions set flags or use them. */
const GROUPS = ['arithmetic', 'shift', 'bits', 'move', 'string'];
/** Left out: what may fault, or leaves flags other than the host's, or needs memory. */
const UNFIT = /^(mul|imul1?|i?div|bt[src]?|cmpxchg8b|xlat|lea|movs|cmps|stos|lods|scas|ins|outs|(in|out)(\.i)?)$/;

const MEMBERS = FORMS.filter(
  (form) =>
    GROUPS.includes(form.group) &&
    !UNFIT.test(form.mnemonic) &&
    !form.attributes.has('i64') &&
    (form.modrm ? allowsRegister(form) : !form.operands.some((operand) => operand.startsWith('O'))),
);
const SETTERS = MEMBERS.filter((form) => form.group !== 'move');
const BRANCHES = FORMS.filter((form) => form.group === 'branch' && form.operands[0] === 'Jb' && form.opcode >> 4 === 7);

/** Stands for a sequence where a form is asked for. */
export const SEQUENCE: Form = {
  group: 'sequence',
  prefix: undefined,
  map: 0,
  opcode: 0,
  plusRegister: false,
  modrm: false,
  digit: undefined,
  fixedRm: undefined,
  mnemonic: 'sequence',
  operands: [],
  attributes: new Set(),
  text: 'sequence',
};

/**
 * The `n`th sequence of instructions on registers, ended by a conditional branch: flags that nobody asked for yet, pairs
 * that the interpreter fuses, branches that it links.
 */
export function encodeSequence(n: number, base: number, vendor: Vendor): Encoding {
  const random = new Random(0x5e9, n);
  const wish = { wide: !random.oneIn(4), registers: true };
  const forms = Array.from({ length: random.between(1, 4) }, () => random.pick(random.oneIn(2) ? SETTERS : MEMBERS));
  forms.push(random.pick(BRANCHES));
  const encodings = forms.map((form, i) => encode(form, n * 8 + i, base, vendor, wish));
  // Away from the branch's own targets, and now and then over the end of a page.
  const offset = random.pick([0x8000, 0x8040, 0x8fe8, 0x8ff4]);
  return {
    form: SEQUENCE,
    bytes: Uint8Array.from(encodings.flatMap(({ bytes }) => [...bytes])),
    offset,
    wide: wish.wide,
    bits: 32,
    addressBits: wish.wide ? 64 : 32,
    reg: undefined,
    rm: undefined,
    address: undefined,
    rex: false,
    repeated: false,
    immediate: 0,
  };
}
