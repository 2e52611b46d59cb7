/**
 * The x86 "branch, call, jump" filter of the .xz format (The .xz File Format 1.1.0, section 5.3.2), undone in place.
 *
 * The compressor turned the relative target after each E8 (call) and E9 (jmp) into an absolute one, so that calls of one
 * function look alike. Only targets whose top byte is 00 or FF were converted, and an opcode byte within the operand of
 * another candidate is told apart by a three-bit history: bit n is set when the byte n + 1 before was a candidate that
 * stayed as it was.
 */
export function undoX86Filter(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - 4;
  let history = 0;
  let last = -1;
  for (let i = 0; i < end; i++) {
    if ((bytes[i] & 0xfe) !== 0xe8) continue;
    const gap = i - last;
    last = i;
    history = gap > 3 ? 0 : (history << (gap - 1)) & 7;
    if (history !== 0 && (!CONVERTIBLE[history] || isSignByte(bytes[i + 4 - OVERLAP[history]]))) {
      history = (history << 1) | 1;
      continue;
    }
    if (!isSignByte(bytes[i + 4])) {
      history = (history << 1) | 1;
      continue;
    }
    view.setUint32(i + 1, relativeTarget(view.getUint32(i + 1, true), i + 5, history), true);
    i += 4;
  }
}

/** Histories after which a candidate may have been converted, and how many of its operand bytes overlap the earlier one. */
const CONVERTIBLE = [true, true, true, false, true, false, false, false];
const OVERLAP = [0, 1, 2, 2, 3, 3, 3, 3];

function isSignByte(byte: number): boolean {
  return byte === 0x00 || byte === 0xff;
}

/** The operand before the filter: 25 bits of it count, the rest are copies of the sign. */
function relativeTarget(absolute: number, next: number, history: number): number {
  let target = (absolute - next) >>> 0;
  if (history !== 0) {
    const shift = OVERLAP[history] * 8;
    // Flipping and subtracting twice gives the first value again, so one round is all that valid data can need.
    if (isSignByte((target >>> (24 - shift)) & 0xff)) target = ((target ^ (2 ** (32 - shift) - 1)) - next) >>> 0;
  }
  return (target << 7) >> 7;
}
