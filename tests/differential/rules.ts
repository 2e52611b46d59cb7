import type { Encoding } from './forms.ts';
import type { Random } from './random.ts';
import { CODE, HLT, MIDDLE, WINDOW } from './region.ts';
import { FX_XMM, GPRS, type State } from './state.ts';
import { USER_CS32, USER_CS64, USER_DS } from './stub.ts';

/** What a rule may change before the instruction runs. */
export interface Draft {
  readonly encoding: Encoding;
  readonly state: State;
  /** The window's contents. */
  readonly window: Uint8Array;
  readonly view: DataView;
  readonly random: Random;
  /** Linear address of the region. */
  readonly base: number;
}

/** What some mnemonics need, so that they do more than fault, and touch no memory outside the window. */
export interface Rule {
  readonly mnemonics: RegExp;
  /** Memory is found without ModRM, so that an address-size prefix means something. */
  readonly implied?: boolean;
  /** REP prefixes are tried. */
  readonly repeats?: boolean;
  /** The register operand must not be part of the address. */
  readonly distinct?: boolean;
  /** Bytes of an operand that must be aligned to 16 and is large. */
  readonly operandSize?: number;
  /** The only immediates that make sense. */
  readonly immediate?: readonly number[];
  /** 16-bit addresses are tried in 32-bit mode: the instruction goes to no memory that they would have to find. */
  readonly address16?: boolean;
  /** ModRM.reg is one of these. */
  readonly reg?: readonly number[];
  /** Goes elsewhere, or traps: the address where it ends is compared. */
  readonly branches?: boolean;
  /** Registers, before those of the address are set. */
  readonly registers?: (draft: Draft) => void;
  /** Memory, when registers are final. */
  readonly memory?: (draft: Draft) => void;
}

const RAX = 0;
const RCX = 1;
const RDX = 2;
const RBX = 3;
const RSP = 4;
const RBP = 5;
const RSI = 6;
const RDI = 7;

/** Index in the window of a linear address. */
function at(draft: Draft, linear: number | bigint): number {
  return Number(linear) - draft.base - WINDOW;
}

function mask(value: bigint, bits: number): bigint {
  return BigInt.asUintN(bits, value);
}

/** An address in the window, with garbage above bit 31 where addresses have 32 bits. */
function pointer({ encoding, random, base }: Draft, low: number, high: number): bigint {
  const address = BigInt(base + MIDDLE + random.between(low, high));
  return encoding.addressBits === 32 ? address | (BigInt(random.next()) << 32n) : address;
}

function strings(draft: Draft): void {
  const { encoding, state, window, random } = draft;
  state.setGpr(RSI, pointer(draft, -160, 160));
  state.setGpr(RDI, random.oneIn(3) ? state.gpr(RSI) + BigInt(random.between(-9, 9)) : pointer(draft, -160, 160));
  if (!encoding.repeated) return;
  const count = BigInt(random.below(14));
  state.setGpr(RCX, encoding.addressBits === 32 ? count | (BigInt(random.next()) << 32n) : count);
  // Long runs of what is compared, so that repetition goes on.
  if (random.oneIn(2)) {
    window.fill(random.below(256));
    state.setGpr(RAX, BigInt(window[0]!) * 0x0101010101010101n);
    if (random.oneIn(2)) window[random.between(860, 1180)]! ^= 1;
  }
}

function bitOffsets({ encoding, state, random }: Draft): void {
  if (encoding.reg === undefined || encoding.form.digit !== undefined || encoding.address === undefined) return;
  state.setGpr(encoding.reg, mask(BigInt(random.between(-3000, 3000)), 64));
}

/** A divisor that the quotient fits with, most of the time: small high half of the dividend. */
function dividend({ encoding, state, random }: Draft): void {
  const bits = encoding.form.operands[0] === 'Eb' ? 8 : encoding.bits;
  if (random.oneIn(6)) return;
  const sign = encoding.form.mnemonic === 'idiv' && random.oneIn(2);
  const high = mask(sign ? -1n : random.quad() >> BigInt(random.between(1, bits) + 64 - bits), bits);
  if (bits === 8) state.setGpr(RAX, (high << 8n) | (state.gpr(RAX) & 0xffn));
  else state.setGpr(RDX, high);
  if (encoding.address === undefined) divisor(state, encoding.rm!, bits, random);
}

/** A divisor in a register: of full length. */
function divisor(state: State, register: number, bits: number, random: Random): void {
  if (register === RAX || register === RDX || register === RSP) return;
  state.setGpr(register, random.quad() | (1n << BigInt(bits - 2)));
}

/** Make the comparison come out equal, half of the time. */
function accumulatorInMemory({ encoding, state, window, random, base }: Draft): void {
  if (random.oneIn(2)) return;
  const { address, rm } = encoding;
  if (address === undefined) {
    if (rm !== RSP && rm !== RAX) state.setGpr(rm!, state.gpr(RAX));
    return;
  }
  const index = address.target - base - WINDOW;
  window.set(state.bytes.subarray(GPRS, GPRS + 8), index);
}

function pairInMemory({ encoding, state, window, random, base }: Draft): void {
  if (random.oneIn(2)) return;
  const half = encoding.bits === 64 ? 8 : 4;
  const index = encoding.address!.target - base - WINDOW;
  window.set(state.bytes.subarray(GPRS, GPRS + half), index);
  window.set(state.bytes.subarray(GPRS + RDX * 8, GPRS + RDX * 8 + half), index + half);
}

function shiftCount({ state, random }: Draft): void {
  if (random.oneIn(4)) return;
  state.bytes[GPRS + RCX * 8] = random.below(80);
}

/** RFLAGS on the stack that user mode may load without surprises: no TF, which traps, and no NT. */
function flagsOnStack(draft: Draft): void {
  const { state, view, random } = draft;
  view.setUint32(at(draft, state.gpr(RSP)), random.next() & ~0x4100, true);
}

/** Somewhere in the code, away from the instruction itself. */
function codeAddress({ encoding, random, base }: Draft): bigint {
  const offset = random.below(0x3000);
  return BigInt(base + CODE + (random.oneIn(2) ? encoding.offset + 32 + offset : encoding.offset - 16 - offset));
}

function returnAddress(draft: Draft): void {
  draft.view.setBigUint64(at(draft, draft.state.gpr(RSP)), codeAddress(draft), true);
}

function targetInRegister(draft: Draft): void {
  const { encoding, state } = draft;
  if (encoding.rm !== undefined && encoding.rm !== RSP) state.setGpr(encoding.rm, codeAddress(draft));
}

function targetInMemory(draft: Draft): void {
  const { encoding, state, view } = draft;
  if (encoding.address !== undefined) view.setBigUint64(at(draft, encoding.address.target), codeAddress(draft), true);
  // A jump to the stack goes no further than there.
  if (encoding.rm === RSP) view.setUint8(at(draft, state.gpr(RSP)), HLT);
}

function loopCount({ state, random }: Draft): void {
  state.setGpr(RCX, random.pick([0n, 1n, 2n, 0x100000000n, 0x100000001n, 0x10000n, 0x10001n, random.quad()]));
}

/** A user-mode IRET to the code, its frame of three or five operands on the stack. */
function interruptFrame(draft: Draft): void {
  const { encoding, state, view, random, base } = draft;
  const size = encoding.bits / 8;
  const stack = BigInt(base + MIDDLE + random.between(-200, 200));
  const code = BigInt(encoding.wide ? USER_CS64 : USER_CS32);
  const flags = BigInt(random.next() & 0x00240ed5) | 0x202n;
  const frame = [codeAddress(draft), code, flags, stack, BigInt(USER_DS)];
  const start = at(draft, state.gpr(RSP));
  for (const [i, value] of frame.entries()) {
    for (let byte = 0; byte < size; byte++)
      view.setUint8(start + i * size + byte, Number((value >> BigInt(8 * byte)) & 0xffn));
  }
}

/** MXCSR as it would be in memory: reserved bits now and then, but not bit 17, which AMD has and CPUID of ours denies. */
function mxcsr(random: Random): number {
  return random.oneIn(8) ? random.next() & ~0x20000 : random.next() & 0xffff;
}

/** Selectors whose descriptors host and guest have in common: user code and data, null, one of the kernel, one beyond the table. */
const SELECTORS = [USER_DS, USER_DS, USER_CS32, USER_CS64, 0, 1, 2, 3, 0x10, 0x8003];

function selectorOperand({ encoding, state, random }: Draft): void {
  if (encoding.address !== undefined) return;
  if (encoding.rm !== undefined && encoding.rm !== RSP)
    state.view.setUint16(GPRS + encoding.rm * 8, random.pick(SELECTORS), true);
}

function selectorInMemory(draft: Draft): void {
  const { encoding, view, random } = draft;
  if (encoding.address !== undefined) view.setUint16(at(draft, encoding.address.target), random.pick(SELECTORS), true);
}

function selectorOnStack(draft: Draft): void {
  draft.view.setUint16(at(draft, draft.state.gpr(RSP)), draft.random.pick(SELECTORS), true);
}

/**
 * A far pointer in memory: an offset, then the selector of a data segment, or of the code segment that we are in. AMD's
 * processors know no 64-bit offsets; others find a null selector after one.
 */
function farPointer(draft: Draft, start: number, code: boolean): void {
  const { encoding, view, random } = draft;
  const size = encoding.bits === 16 ? 2 : 4;
  if (encoding.bits === 64) view.setUint16(start + 8, 0, true);
  const offset = code ? codeAddress(draft) : BigInt(random.next());
  if (size === 2) view.setUint16(start, Number(offset & 0xffffn), true);
  else view.setUint32(start, Number(offset), true);
  const own = encoding.wide ? USER_CS64 : USER_CS32;
  view.setUint16(start + size, code ? random.pick([own, own, own, 0, 0x10]) : random.pick(SELECTORS), true);
}

/** Offset and selector, each as wide as the operand size. */
function farReturn(draft: Draft): void {
  const { encoding, state, view, random } = draft;
  const start = at(draft, state.gpr(RSP));
  const size = encoding.bits / 8;
  const offset = codeAddress(draft);
  const own = encoding.wide ? USER_CS64 : USER_CS32;
  if (size === 2) view.setUint16(start, Number(offset & 0xffffn), true);
  else if (size === 4) view.setUint32(start, Number(offset), true);
  else view.setBigUint64(start, offset, true);
  view.setUint16(start + size, random.pick([own, own, own, 0, 0x10]), true);
}

function farOperand(draft: Draft, code: boolean): void {
  const { address } = draft.encoding;
  if (address !== undefined) farPointer(draft, at(draft, address.target), code);
}

/** An FXRSTOR image. */
function fxImage(draft: Draft): void {
  const { encoding, view, random } = draft;
  view.setUint32(at(draft, encoding.address!.target) + 24, mxcsr(random), true);
}

function mxcsrInMemory(draft: Draft): void {
  const { encoding, view, random } = draft;
  view.setUint32(at(draft, encoding.address!.target), mxcsr(random), true);
}

function explicitLengths({ state, random }: Draft): void {
  if (random.oneIn(6)) return;
  state.setGpr(RAX, mask(BigInt(random.between(-18, 18)), 64));
  state.setGpr(RDX, mask(BigInt(random.between(-18, 18)), 64));
  if (random.oneIn(2)) state.bytes.copyWithin(FX_XMM, FX_XMM + 16, FX_XMM + 32);
}

/** Packed decimal digits, mostly valid ones. */
function decimal(draft: Draft): void {
  const { encoding, view, random } = draft;
  const start = at(draft, encoding.address!.target);
  if (random.oneIn(6)) return;
  for (let i = 0; i < 9; i++) view.setUint8(start + i, (random.below(10) << 4) | random.below(10));
}

function bounds(draft: Draft): void {
  const { encoding, state, view, random } = draft;
  const index = at(draft, encoding.address!.target);
  const value = Number(BigInt.asIntN(encoding.bits, state.gpr(encoding.reg!)));
  const low = random.oneIn(3) ? value + 1 : value - random.below(3);
  const high = random.oneIn(3) ? value - 1 : value + random.below(3);
  if (encoding.bits === 16) {
    view.setInt16(index, low, true);
    view.setInt16(index + 2, high, true);
  } else {
    view.setInt32(index, low, true);
    view.setInt32(index + 4, high, true);
  }
}

/** Privileged instructions: user mode gets #GP or #UD. */
const PRIVILEGED =
  /^(hlt|cli|sti|lldt|ltr|lgdt|lidt|lmsw|invlpg|swapgs|clts|sysret|sysexit|invd|wbinvd|mov\.(to|from)\.[cd]r|wrmsr|rdmsr|ins|outs|in|out|in\.i|out\.i)$/;

/** The first rule that names a mnemonic holds. */
const RULES: readonly Rule[] = [
  { mnemonics: /^(movs|cmps|stos|lods|scas)$/, implied: true, repeats: true, registers: strings },
  { mnemonics: /^xlat$/, implied: true, registers: (draft) => draft.state.setGpr(RBX, pointer(draft, -300, 40)) },
  { mnemonics: /^maskmov/, implied: true, registers: (draft) => draft.state.setGpr(RDI, pointer(draft, -300, 300)) },
  { mnemonics: /^bt[src]?$/, distinct: true, registers: bitOffsets },
  { mnemonics: /^i?div$/, registers: dividend },
  { mnemonics: /^cmpxchg$/, memory: accumulatorInMemory },
  { mnemonics: /^cmpxchg8b$/, memory: pairInMemory },
  { mnemonics: /^(rol|ror|rcl|rcr|shl|shr|sar|shld|shrd)\.cl$/, registers: shiftCount },
  { mnemonics: /^popf$/, memory: flagsOnStack },
  {
    mnemonics: /^(enter|leave)$/,
    registers: (draft) => draft.state.setGpr(RBP, BigInt(draft.base + MIDDLE + draft.random.between(-200, 200))),
  },
  { mnemonics: /^ret$/, branches: true, memory: returnAddress },
  { mnemonics: /^iret$/, branches: true, memory: interruptFrame },
  { mnemonics: /^(call|jmp)$/, branches: true, registers: targetInRegister, memory: targetInMemory },
  { mnemonics: /^lea$/, address16: true },
  { mnemonics: /^(loop|loope|loopne|jcxz)$/, implied: true, address16: true, branches: true, registers: loopCount },
  { mnemonics: /^(j..?|int3|into|ud2)$/, branches: true },
  { mnemonics: /^int$/, branches: true, immediate: [3, 4, 0x0d, 0x0e, 0x20, 0x81, 0xff] },
  { mnemonics: /^(callf|jmpf)$/, branches: true, memory: (draft) => farOperand(draft, true) },
  { mnemonics: /^retf$/, branches: true, memory: farReturn },
  { mnemonics: /^(les|lds|lss)$/, memory: (draft) => farOperand(draft, false) },
  { mnemonics: /^(verr|verw|lar|lsl)$/, registers: selectorOperand, memory: selectorInMemory },
  { mnemonics: /^mov\.to\.sreg$/, reg: [0, 1, 2, 3, 6, 7], registers: selectorOperand, memory: selectorInMemory },
  { mnemonics: /^pop\.[cdefgs]s$/, memory: selectorOnStack },
  { mnemonics: PRIVILEGED, branches: true },
  { mnemonics: /^bound$/, memory: bounds },
  { mnemonics: /^fxsave$/, operandSize: 512 },
  { mnemonics: /^fxrstor$/, operandSize: 512, memory: fxImage },
  { mnemonics: /^(frstor|fnsave|fldenv|fnstenv)$/, operandSize: 108 },
  { mnemonics: /^ldmxcsr$/, memory: mxcsrInMemory },
  { mnemonics: /^fbld$/, memory: decimal },
  { mnemonics: /^pcmpestr/, registers: explicitLengths },
];

export function ruleOf(mnemonic: string): Rule | undefined {
  return RULES.find(({ mnemonics }) => mnemonics.test(mnemonic));
}
