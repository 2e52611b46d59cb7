import { type Form, OPERANDS, type OperandCode } from '../../packages/cpu/src/opcodes/index.ts';
import { allowsMemory, allowsRegister, sizeRule } from '../../packages/cpu/src/opcodes/operation.ts';
import { type Address, encodeAddress } from './address.ts';
import { hash, Random } from './random.ts';
import { CODE, MIDDLE } from './region.ts';
import { ruleOf } from './rules.ts';
import { USER_CS32 } from './stub.ts';
import type { Vendor } from './undefined.ts';
import { immediateBytes } from './values.ts';

/** One way to write a form down: prefixes, operand size, registers or an address, immediates. */
export interface Encoding {
  readonly form: Form;
  readonly bytes: Uint8Array;
  /** Where it is, from the start of the region's code. */
  readonly offset: number;
  /** 64-bit mode, or 32-bit compatibility mode. */
  readonly wide: boolean;
  /** Operand size. */
  readonly bits: 16 | 32 | 64;
  readonly addressBits: 16 | 32 | 64;
  /** Register numbers in ModRM.reg, ModRM.rm or the opcode; undefined where there is none. */
  readonly reg: number | undefined;
  readonly rm: number | undefined;
  readonly address: Address | undefined;
  /** Without a REX prefix, byte registers 4–7 are AH CH DH BH. */
  readonly rex: boolean;
  readonly repeated: boolean;
  readonly immediate: number;
}

/** Where in the code an instruction may be: in the middle of a page, or so that it crosses into the next one. */
const OFFSETS = [0x8000, 0x8008, 0x8011, 0x8ff8, 0x8ffe, 0x8fff];
/** No sequence of instructions has more bytes. */
export const SEQUENCE_LENGTH = 80;
const PREFIX_BYTES = Object.freeze({ NP: [], '66': [0x66], F3: [0xf3], F2: [0xf2] });
const MAP_BYTES = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];

/** What an encoding must be, where not any will do. */
export interface Wish {
  readonly wide: boolean;
  /** No memory operands. */
  readonly registers: boolean;
}

/** The `n`th encoding of a form: the same one every time. */
export function encode(form: Form, n: number, base: number, vendor: Vendor, wish?: Wish): Encoding {
  const random = new Random(hash(`${form.group} ${form.text}`), n);
  const rule = ruleOf(form.mnemonic);
  const wide = wish?.wide ?? chooseMode(form, random);
  const bits = chooseSize(form, wide, vendor, random);
  const offset = random.pick(OFFSETS);
  const prefixes: number[] = [];
  const memory = !allowsRegister(form) || (wish?.registers !== true && allowsMemory(form) && random.oneIn(2));
  const hasAddress = (memory && form.modrm && form.fixedRm === undefined) || form.operands.some(isAbsolute);
  if (memory && form.attributes.has('lock') && random.oneIn(4)) prefixes.push(0xf0);
  const repeats = rule?.repeats === true && random.oneIn(2) ? random.pick([0xf2, 0xf3]) : undefined;
  if (repeats !== undefined) prefixes.push(repeats);
  // CS, SS, DS and ES overrides mean nothing in 64-bit mode, and name flat segments in 32-bit mode.
  if (hasAddress && random.oneIn(12)) prefixes.push(random.pick([0x26, 0x36, 0x3e]));
  const address32 = !wide || (usesAddress(form, rule?.implied) && random.oneIn(6));
  const address16 = !wide && rule?.address16 === true && random.oneIn(3);
  if (address16 || (wide && address32)) prefixes.push(0x67);
  const rule66 = sizeRule(form) !== 'none' && sizeRule(form) !== 'y';
  if (
    rule66 &&
    (bits === 16 || (bits === 64 && sizeRule(form) === 'v' && form.prefix === undefined && random.oneIn(8)))
  )
    prefixes.push(0x66);
  if (form.prefix !== undefined) prefixes.push(...PREFIX_BYTES[form.prefix]);

  const rexW = chooseRexW(form, wide, bits, random);
  const reg =
    form.digit ??
    (rule?.reg !== undefined
      ? random.pick(rule.reg)
      : form.modrm
        ? random.below(wide && wideRegister(form) ? 16 : 8)
        : undefined);
  const rm =
    form.modrm && !hasAddress
      ? (form.fixedRm ?? random.below(wide && !form.operands.includes('STi') ? 16 : 8))
      : undefined;
  const named = form.plusRegister ? random.below(wide ? 16 : 8) : undefined;
  const immediate = form.operands.includes('Ap')
    ? farPointer(base + CODE + offset, bits, random)
    : immediates(form, bits, rule?.immediate, random);
  const target = base + MIDDLE + chooseTarget(form, rule?.operandSize, random);

  let rex = rexW | (((reg ?? 0) >> 1) & 4) | ((((rm ?? 0) | (named ?? 0)) >> 3) & 1);
  const tail: number[] = [];
  let address: Address | undefined;
  if (form.modrm && hasAddress && address16) tail.push(...shortAddress(reg!, random));
  else if (form.modrm && hasAddress) {
    const avoid = rule?.distinct === true && reg !== undefined ? reg : -1;
    const encoded = encodeAddress({ random, wide, address32, target, avoid });
    address = encoded.address;
    rex |= encoded.rex;
    tail.push(encoded.modrm | ((reg! & 7) << 3), ...encoded.rest);
  } else if (form.modrm) tail.push(0xc0 | ((reg! & 7) << 3) | (rm! & 7));
  if (form.operands.some(isAbsolute)) tail.push(...littleEndian(BigInt(target), address32 ? 4 : 8));
  const hasRex = wide && (rex !== 0 || random.oneIn(8));
  if (hasRex) prefixes.push(0x40 | rex);
  const opcode = form.opcode | (named === undefined ? 0 : named & 7);
  const head = [...prefixes, ...MAP_BYTES[form.map]!, opcode];
  const bytes = [...head, ...tail, ...immediate];
  if (address?.ripRelative === true) {
    const at = head.length + 1;
    bytes.splice(at, 4, ...littleEndian(BigInt.asUintN(32, BigInt(target - (base + CODE + offset + bytes.length))), 4));
  }
  return {
    form,
    bytes: Uint8Array.from(bytes),
    offset,
    wide,
    bits,
    addressBits: address16 ? 16 : address32 ? 32 : 64,
    reg,
    rm: rm ?? named,
    address: address ?? (form.operands.some(isAbsolute) ? { target } : undefined),
    rex: hasRex,
    repeated: repeats !== undefined,
    immediate: immediate.length === 0 ? 0 : immediate.reduce((value, byte, i) => value + byte * 2 ** (8 * i), 0),
  };
}

function isAbsolute(operand: string): boolean {
  return OPERANDS[operand as OperandCode].kind === 'absolute';
}

/** 64-bit mode, but now and then 32-bit compatibility mode; there always where 64-bit mode lacks the form. */
function chooseMode(form: Form, random: Random): boolean {
  if (form.attributes.has('i64')) return false;
  return form.attributes.has('o64') || !random.oneIn(4);
}

function chooseSize(form: Form, wide: boolean, vendor: Vendor, random: Random): 16 | 32 | 64 {
  switch (sizeRule(form)) {
    case 'none':
      return 32;
    case 'y':
      return wide ? random.pick([32, 64]) : 32;
    case 'v':
      return random.pick(wide ? [16, 32, 64] : [16, 32]);
    case 'd64':
      // Intel's processors ignore a branch's operand-size prefix in 64-bit mode, and would read a longer displacement.
      if (wide && form.group === 'branch' && vendor !== 'AMD') return 64;
      return wide ? random.pick([16, 64]) : random.pick([16, 32]);
  }
}

function chooseRexW(form: Form, wide: boolean, bits: number, random: Random): number {
  if (!wide) return 0;
  const rule = sizeRule(form);
  if (rule === 'v' || rule === 'y') return bits === 64 ? 8 : 0;
  if (rule === 'd64') return bits === 64 && random.oneIn(4) ? 8 : 0;
  return random.oneIn(8) ? 8 : 0;
}

/** ModRM.reg names a register that REX.R extends (in MMX forms it is ignored, which is tested too). */
function wideRegister(form: Form): boolean {
  return !form.operands.includes('Sw');
}

function usesAddress(form: Form, implied: boolean | undefined): boolean {
  return implied === true || allowsMemory(form) || form.operands.some(isAbsolute);
}

/** Distance of the operand from the page boundary in the middle of the window. */
function chooseTarget(form: Form, size: number | undefined, random: Random): number {
  if (size !== undefined)
    return -512 + 16 * random.below(size > 256 ? 30 : 40) + (random.oneIn(12) ? random.below(16) : 0);
  const unaligned = form.operands.some((operand) => operand === 'Wx' || operand === 'Vx')
    ? random.oneIn(6)
    : random.oneIn(2);
  if (unaligned) return random.oneIn(2) ? -random.below(16) : random.between(-256, 255);
  return random.between(-16, 15) * 16;
}

function immediates(form: Form, bits: 16 | 32 | 64, only: readonly number[] | undefined, random: Random): number[] {
  return form.operands.flatMap((operand) => {
    const info = OPERANDS[operand as OperandCode];
    if (info.kind !== 'imm' && info.kind !== 'branch') return [];
    const size = info.bytes === 'z' ? (bits === 16 ? 2 : 4) : info.bytes === 'v' ? bits / 8 : info.bytes;
    if (operand === 'Iwb') return [random.below(0x100), 0, random.oneIn(2) ? random.below(4) : random.below(256)];
    if (info.kind === 'branch') return displacement(size, random);
    if (only !== undefined) return littleEndian(BigInt(random.pick(only)), size);
    return immediateBytes(size, random);
  });
}

/** ModRM and displacement of a 16-bit address (Intel SDM vol. 2, table 2-1). */
function shortAddress(reg: number, random: Random): number[] {
  const mod = random.below(3);
  const rm = random.below(8);
  const size = mod === 1 ? 1 : mod === 2 || rm === 6 ? 2 : 0;
  return [(mod << 6) | ((reg & 7) << 3) | rm, ...littleEndian(BigInt(random.next()), size)];
}

/** A far pointer to code ahead, in the 32-bit code segment, now and then in one that user mode must not use. */
function farPointer(rip: number, bits: 16 | 32 | 64, random: Random): number[] {
  const selector = random.oneIn(4) ? random.pick([0, 0x10]) : USER_CS32;
  return [...littleEndian(BigInt(rip + 32 + random.below(0x1000)), bits / 8), ...littleEndian(BigInt(selector), 2)];
}

/** A branch's distance: somewhere in the code, but not into the instruction itself, or into what is before it in a sequence. */
function displacement(size: number, random: Random): number[] {
  const reach = size === 1 ? 0x7f : 0x3000;
  const distance = random.oneIn(2) ? random.below(reach) : -random.between(SEQUENCE_LENGTH, reach);
  return littleEndian(BigInt.asUintN(size * 8, BigInt(distance)), size);
}

export function littleEndian(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}
