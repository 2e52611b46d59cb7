import type { Random } from './random.ts';
import type { State } from './state.ts';

/** How a memory operand finds its target: registers that `aim` sets, and a displacement. */
export interface Address {
  readonly target: number;
  readonly base?: number;
  readonly index?: number;
  readonly scale?: number;
  readonly displacement?: bigint;
  /** Value that the index must have; any where it is not given. */
  readonly indexValue?: bigint;
  readonly ripRelative?: boolean;
  readonly address32?: boolean;
}

interface Wish {
  readonly random: Random;
  readonly wide: boolean;
  readonly address32: boolean;
  readonly target: number;
  /** A register that must not be part of the address, or −1. */
  readonly avoid: number;
}

/** ModRM without its reg field, SIB and displacement, and the REX bits that go with them. */
interface Encoded {
  readonly modrm: number;
  readonly rest: readonly number[];
  readonly rex: number;
  readonly address: Address;
}

const RSP = 4;
const DISP8 = 0x40;
const DISP32 = 0x80;
const HAS_SIB = 4;
const NO_BASE = 5;

/** Encode some address of `target` (Intel SDM vol. 2, tables 2-2 and 2-3). */
export function encodeAddress(wish: Wish): Encoded {
  switch (wish.random.below(8)) {
    case 0:
      return absolute(wish);
    case 1:
      return indexOnly(wish);
    case 2:
    case 3:
      return baseOnly(wish);
    default:
      return baseAndIndex(wish);
  }
}

function bytesOf(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Number((BigInt.asUintN(64, value) >> BigInt(8 * i)) & 0xffn));
}

/** [disp32], or [rip + disp32], whose displacement is filled in when the instruction's length is known. */
function absolute({ random, wide, address32, target }: Wish): Encoded {
  const displacement = BigInt(target);
  if (!wide) return { modrm: 5, rest: bytesOf(displacement, 4), rex: 0, address: { target } };
  if (random.oneIn(2))
    return { modrm: 5, rest: [0, 0, 0, 0], rex: 0, address: { target, ripRelative: true, address32 } };
  return { modrm: HAS_SIB, rest: [0x25, ...bytesOf(displacement, 4)], rex: 0, address: { target } };
}

/** [index × scale + disp32]. */
function indexOnly({ random, wide, address32, target, avoid }: Wish): Encoded {
  const index = register(random, wide, [RSP, avoid]);
  const scale = random.below(4);
  const indexValue = BigInt(random.below(0x10000));
  const displacement = BigInt(target) - (indexValue << BigInt(scale));
  const sib = (scale << 6) | ((index & 7) << 3) | NO_BASE;
  return {
    modrm: HAS_SIB,
    rest: [sib, ...bytesOf(displacement, 4)],
    rex: index >= 8 ? 2 : 0,
    address: { target, index, scale, indexValue, displacement, address32 },
  };
}

function chooseDisplacement(random: Random, mayBeAbsent: boolean): { mod: number; displacement: bigint; size: number } {
  const kind = random.below(mayBeAbsent ? 3 : 2);
  if (kind === 2) return { mod: 0, displacement: 0n, size: 0 };
  if (kind === 1) return { mod: DISP8, displacement: BigInt(random.between(-128, 127)), size: 1 };
  return { mod: DISP32, displacement: BigInt.asIntN(32, BigInt(random.next())), size: 4 };
}

/** [base + disp]. */
function baseOnly({ random, wide, address32, target, avoid }: Wish): Encoded {
  const base = register(random, wide, [RSP, avoid]);
  const { mod, displacement, size } = chooseDisplacement(random, (base & 7) !== NO_BASE);
  const sib = (base & 7) === RSP ? [0x24] : [];
  return {
    modrm: mod | (base & 7),
    rest: [...sib, ...bytesOf(displacement, size)],
    rex: base >= 8 ? 1 : 0,
    address: { target, base, displacement, address32 },
  };
}

/** [base + index × scale + disp]; with RSP as base the index makes up for what RSP holds. */
function baseAndIndex({ random, wide, address32, target, avoid }: Wish): Encoded {
  const base = random.oneIn(6) ? RSP : register(random, wide, [avoid]);
  const index = register(random, wide, [RSP, base, avoid]);
  const scale = base === RSP ? 0 : random.below(4);
  const { mod, displacement, size } = chooseDisplacement(random, (base & 7) !== NO_BASE);
  const sib = (scale << 6) | ((index & 7) << 3) | (base & 7);
  return {
    modrm: mod | HAS_SIB,
    rest: [sib, ...bytesOf(displacement, size)],
    rex: (index >= 8 ? 2 : 0) | (base >= 8 ? 1 : 0),
    address: { target, base, index, scale, displacement, address32 },
  };
}

function register(random: Random, wide: boolean, without: readonly number[]): number {
  for (;;) {
    const n = random.below(wide ? 16 : 8);
    if (!without.includes(n)) return n;
  }
}

/** Set the registers of an address so that it is that of its target. RSP stays as it is. */
export function aim(state: State, address: Address, random: Random): void {
  const { target, base, index, scale = 0, displacement = 0n, indexValue } = address;
  const width = address.address32 === true ? 32 : 64;
  // What does not count in a 32-bit address may be anything.
  const put = (n: number, value: bigint) =>
    state.setGpr(
      n,
      width === 64 ? BigInt.asUintN(64, value) : BigInt.asUintN(32, value) | (BigInt(random.next()) << 32n),
    );
  if (indexValue !== undefined) put(index!, indexValue);
  if (base === undefined) return;
  if (base === RSP) put(index!, BigInt(target) - displacement - state.gpr(RSP));
  else put(base, BigInt(target) - displacement - (index === undefined ? 0n : state.gpr(index) << BigInt(scale)));
}
