import { concat, ImageReader, imageError } from './bytes.ts';

/** "LZ4 legacy frame", LZ4 Frame Format Description 1.6.2, section "Legacy frame": what `lz4 -l` and Linux write. */
export const LZ4_LEGACY_MAGIC = 0x184c2102;

/** Every block but the last of a legacy frame holds this many bytes uncompressed. */
const LEGACY_BLOCK = 8 * 2 ** 20;

const WHAT = 'LZ4 payload';

/** Decompress a legacy frame to at most `limit` bytes. Throws a VizorError with code `image`. */
export function decompressLz4Legacy(frame: Uint8Array, limit: number): Uint8Array {
  const reader = new ImageReader(frame, WHAT);
  const blocks: Uint8Array[] = [];
  const scratch = new Uint8Array(LEGACY_BLOCK);
  let total = 0;
  let at = 4;
  while (at + 4 <= frame.length) {
    const size = reader.u32(at);
    at += 4;
    // Concatenated frames are allowed: a magic number where a block size would be starts the next one.
    if (size === LZ4_LEGACY_MAGIC) continue;
    const block = decodeBlock(reader.slice(at, size), scratch);
    at += size;
    total += block.length;
    if (total > limit) throw imageError(WHAT, `unpacks to more than ${limit} bytes`);
    blocks.push(block);
  }
  return concat(blocks);
}

/**
 * One block (LZ4 Block Format Description): sequences of a token, literals, and a match in what was written before.
 * The result is a copy. Every length is checked against both buffers, so that a corrupt block cannot run away.
 *
 * The cursors are locals that no closure captures: V8 14 was seen to read a stale cursor when it optimised this loop
 * while a closure advanced it, which now and then gave a wrong kernel.
 */
function decodeBlock(source: Uint8Array, target: Uint8Array): Uint8Array {
  let from = 0;
  let to = 0;
  while (from < source.length) {
    const token = source[from++];
    let literals = token >> 4;
    if (literals === NIBBLE_MAX) {
      const more = extension(source, from);
      from += extensionBytes(more);
      literals += more;
    }
    if (from + literals > source.length || to + literals > target.length) throw corrupt();
    target.set(source.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    // The last sequence ends after its literals.
    if (from === source.length) break;

    if (from + 2 > source.length) throw corrupt();
    const distance = source[from] | (source[from + 1] << 8);
    from += 2;
    let length = (token & NIBBLE_MAX) + MATCH_MIN;
    if ((token & NIBBLE_MAX) === NIBBLE_MAX) {
      const more = extension(source, from);
      from += extensionBytes(more);
      length += more;
    }
    if (distance === 0 || distance > to || to + length > target.length) throw corrupt();
    if (distance >= length) target.copyWithin(to, to - distance, to - distance + length);
    else for (let i = 0; i < length; i++) target[to + i] = target[to + i - distance];
    to += length;
  }
  return target.slice(0, to);
}

const NIBBLE_MAX = 15;
const MATCH_MIN = 4;

/** A length whose nibble is full goes on in bytes that are added to it, until one is not 255. */
function extension(source: Uint8Array, at: number): number {
  let length = 0;
  for (let i = at; i < source.length; i++) {
    length += source[i];
    if (source[i] !== 255) return length;
  }
  throw corrupt();
}

/** How many bytes encode an {@link extension}. */
function extensionBytes(length: number): number {
  return Math.floor(length / 255) + 1;
}

function corrupt(): Error {
  return imageError(WHAT, 'is corrupt', 'fetch the kernel again');
}
