// The encodings that the comparison goes through.

/** A small seeded generator (xorshift32), so that a failure comes again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  /** 32 unsigned bits. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** An integer from 0 up to below `limit`. */
  below(limit: number): number {
    return this.next() % limit;
  }

  fill(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) bytes[at] = this.next() >>> 11;
  }
}

const hex = (text: string): number[] => text.split(/\s+/).flatMap((byte) => (byte ? [Number.parseInt(byte, 16)] : []));

/** Prefixes of every kind alone, and in those combinations and orders that decoders get wrong. */
export const PREFIXES: readonly number[][] = [
  ...['', '66', '67', 'F2', 'F3', 'F0', '26', '2E', '36', '3E', '64', '65'],
  ...['66 F2', 'F3 66', 'F2 F3', 'F3 F2', 'F0 66', 'F2 F0', '67 66', '64 3E', '36 65 67'],
].map(hex);
/** With REX, for 64-bit mode: before other prefixes it does not count. */
export const REX_PREFIXES: readonly number[][] = [
  ...['40', '41', '42', '44', '48', '4F', '66 48', '66 41', 'F2 48', 'F3 48', 'F3 41', 'F0 48', '67 48', '66 F3 4D'],
  ...['48 66', '4F 64', '48 F3', '41 48', '66 F2 40', 'F0 67 4C'],
].map(hex);

/** Opcode bytes of the four maps with their escapes; prefixes are none. */
export function* opcodes(): Generator<readonly number[]> {
  const isPrefix = (byte: number): boolean =>
    (byte & 0xe7) === 0x26 || (byte >= 0x64 && byte <= 0x67) || byte === 0xf0 || byte === 0xf2 || byte === 0xf3;
  for (let byte = 0; byte < 256; byte++) if (byte !== 0x0f && !isPrefix(byte)) yield [byte];
  for (let byte = 0; byte < 256; byte++) if (byte !== 0x38 && byte !== 0x3a) yield [0x0f, byte];
  for (let byte = 0; byte < 256; byte++) yield [0x0f, 0x38, byte];
  for (let byte = 0; byte < 256; byte++) yield [0x0f, 0x3a, byte];
}

/** Opcodes whose ModRM.reg (or whole ModRM) selects the instruction. */
const GROUPS = new Set([
  ...hex('80 81 82 83 8E 8F C0 C1 C6 C7 D0 D1 D2 D3 F6 F7 FE FF'),
  ...hex('00 0D 18 19 1A 1B 1C 1D 1E 1F 20 21 22 23 71 72 73 AE B9 BA C7').map((byte) => 0x0f00 | byte),
]);
const WHOLE = new Set([...hex('D8 D9 DA DB DC DD DE DF'), 0x0f01]);

/** ModRM bytes worth trying after an opcode. */
export function modrms(opcode: readonly number[]): number[] {
  const key = opcode.reduce((value, byte) => (value << 8) | byte, 0);
  const range = (count: number): number[] => [...Array(count).keys()];
  if (WHOLE.has(key)) return [...range(8).map((reg) => reg << 3), ...range(64).map((low) => 0xc0 | low)];
  if (GROUPS.has(key)) return range(8).flatMap((reg) => [0x05, 0x43, 0xc1].map((byte) => byte | (reg << 3)));
  return [0x05, 0x54, 0xa3, 0xcf];
}

/** Every ModRM byte with SIB bytes that matter: no index, no base, each register in each place. */
export function* addressForms(): Generator<readonly [modrm: number, sib: number]> {
  for (let modrm = 0; modrm < 0x100; modrm++) {
    if ((modrm & 7) !== 4) yield [modrm, 0];
    else for (const sib of [0x20, 0x25, 0x65, 0xa4, 0xe0, 0x05, 0x4d, 0x93, 0xfe, 0x2c]) yield [modrm, sib];
  }
}
