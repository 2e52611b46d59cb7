// States to try x87 instructions on: mostly ordinary numbers of neighbouring magnitudes, and every kind of odd one.

/** An extended-precision value as the registers hold it. */
export interface Extended {
  /** Sign in bit 15, exponent below. */
  readonly se: number;
  readonly sig: bigint;
}

/** What an instruction starts from. Registers in stack order, ST(0) first; tags one bit a physical register, as in FXSAVE. */
export interface X87State {
  readonly fcw: number;
  readonly fsw: number;
  readonly tags: number;
  readonly st: readonly Extended[];
  readonly memory: Uint8Array;
  /** Arithmetic flags of RFLAGS. */
  readonly flags: number;
}

const INTEGER_BIT = 1n << 63n;
const WORD = (1n << 64n) - 1n;
/** Operand bytes: room for FNSAVE. */
export const OPERAND_BYTES = 128;

/** A pseudo-random source that repeats itself for a seed. */
export class Random {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed);
    this.word();
  }

  /** 64 bits. */
  word(): bigint {
    this.#state = (this.#state * 6364136223846793005n + 1442695040888963407n) & WORD;
    return (this.#state >> 33n) ^ this.#state;
  }

  /** 0 … n − 1. */
  below(n: number): number {
    return Number((this.word() >> 20n) % BigInt(n));
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}

/** A normalised significand, often one that just fits or just misses a precision. */
function significand(random: Random): bigint {
  const word = random.word();
  switch (random.below(6)) {
    case 0:
      return INTEGER_BIT;
    case 1:
      return INTEGER_BIT | (word >> BigInt(1 + random.below(63)));
    case 2:
      return WORD;
    case 3: {
      const cut = BigInt(random.pick([10, 11, 12, 39, 40, 41]));
      return (((INTEGER_BIT | word) >> cut) << cut) | random.pick([0n, 1n, 1n << 10n, 1n << 39n, 0x7ffn]);
    }
    default:
      return INTEGER_BIT | word;
  }
}

/** Exponents where single and double precision begin, end and turn denormal. */
const EDGES = [-1075, -1074, -1023, -1022, -150, -149, -127, -126, 127, 128, 1023, 1024];

export function extended(random: Random): Extended {
  const sign = random.below(2) << 15;
  const sig = significand(random);
  switch (random.below(24)) {
    case 0:
      return { se: sign, sig: 0n };
    case 1:
      return { se: sign | 0x7fff, sig: INTEGER_BIT };
    case 2: // a NaN of either kind
      return { se: sign | 0x7fff, sig: INTEGER_BIT | (random.word() >> BigInt(1 + random.below(62))) | 1n };
    case 3: // a denormal
      return { se: sign, sig: sig >> BigInt(1 + random.below(63)) };
    case 4: // a pseudo-denormal
      return { se: sign, sig };
    case 5: // anything, unsupported encodings too
      return { se: sign | random.below(0x8000), sig: random.word() };
    case 6:
      return { se: sign | random.pick([1, 2, 63, 64, 0x7ffe, 0x7ffd, 0x7fbe]), sig };
    case 7:
      return { se: sign | (0x3fff + random.pick(EDGES)), sig };
    case 8:
      return { se: sign | random.below(0x7fff), sig };
    default:
      return { se: sign | (0x3fff - 20 + random.below(60)), sig };
  }
}

function operand(random: Random): Uint8Array {
  const bytes = new Uint8Array(OPERAND_BYTES);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < OPERAND_BYTES; at += 8) view.setBigUint64(at, random.word(), true);
  switch (random.below(6)) {
    case 0:
      view.setUint32(0, random.pick([0, 1, 0x807fffff, 0x800000, 0x7f800000, 0xff800001, 0x7fc00000]), true);
      break;
    case 1:
      view.setBigUint64(0, random.pick([0n, 1n, 0xfffffffffffffn, 0x7ffn << 52n, (0xfffn << 52n) | 1n]), true);
      break;
    case 2:
      view.setFloat32(0, (random.below(2000) - 1000) / 8, true);
      break;
    case 3:
      view.setFloat64(0, (random.below(2000000) - 1000000) / 1024, true);
      break;
    case 4: // packed BCD
      for (let at = 0; at < 9; at++) bytes[at] = random.below(10) * 16 + random.below(10);
      break;
    default:
  }
  return bytes;
}

/** A state with the given exceptions masked. Exceptions already flagged are masked ones, so that none is pending. */
export function x87State(random: Random, masks: number): X87State {
  const st = Array.from({ length: 8 }, () => extended(random));
  const near = random.below(4);
  if (near === 0) st[1] = { se: st[0]!.se ^ (random.below(2) << 15), sig: (st[0]!.sig + random.pick([0n, 1n])) & WORD };
  if (near === 1) st[1] = { se: (st[0]!.se + random.below(140) - 70) & 0xffff, sig: significand(random) };
  const fsw = (random.word() & 0x7f40n) | (random.word() & BigInt(masks));
  const top = Number((fsw >> 11n) & 7n);
  const roomy = 0xff & ~(1 << ((top + 7) & 7));
  return {
    fcw: masks | 0x40 | (random.pick([0, 1, 2, 3, 3, 3]) << 8) | (random.below(4) << 10),
    fsw: Number(fsw),
    tags: random.pick([random.below(256), 0xff, roomy, roomy, roomy]),
    st,
    memory: operand(random),
    flags: random.below(0x1000) & 0x8d5,
  };
}
