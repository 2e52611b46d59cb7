import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import xz from 'xz-decompress';
import { undoX86Filter } from './bcj-x86.ts';
import { ByteWriter, concat, ImageReader, imageError } from './bytes.ts';

/**
 * The .xz container (The .xz File Format 1.1.0), as far as Linux uses it: one stream, any number of blocks, each LZMA2
 * alone or behind the x86 filter, which kernels are compressed with and the decoder library does not know.
 *
 * So the container is read here: each block's LZMA2 chunks are measured (which also tells the unpacked size before
 * anything is unpacked), put into a stream of their own for the library, and the filter and the integrity check are done
 * on what comes out. CRC64 is the one check that is not verified.
 */
const WHAT = 'xz payload';

const FILTER = Object.freeze({ X86: 0x04, LZMA2: 0x21 });
const CHECK = Object.freeze({ NONE: 0, CRC32: 1, SHA256: 10 });

/** Bytes of the check field, by check ID (section 2.1.1.2). */
const CHECK_SIZE = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

const STREAM_HEADER = 12;
const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];

/** Decompress the first stream of `file` to at most `limit` bytes. Throws a VizorError with code `image`. */
export async function decompressXz(file: Uint8Array, limit: number): Promise<Uint8Array> {
  const reader = new ImageReader(file, WHAT);
  if (crc32(reader.slice(6, 2)) !== reader.u32(8)) throw corrupt('its header does not match its checksum');
  const check = reader.u8(7) & 15;
  const blocks: Uint8Array[] = [];
  let total = 0;
  let at = STREAM_HEADER;
  // A zero where a block header would begin is the index.
  while (reader.u8(at) !== 0) {
    const header = readBlockHeader(reader, at);
    const start = at + header.size;
    const chunks = measureLzma2(reader, start);
    total += chunks.unpacked;
    if (total > limit) throw imageError(WHAT, `unpacks to more than ${limit} bytes`);
    const block = await unpackLzma2(reader.slice(start, chunks.packed), chunks.unpacked, header.dictionary);
    if (header.x86Filter) undoX86Filter(block);
    const checkAt = start + roundUp4(chunks.packed);
    verify(block, check, reader.slice(checkAt, CHECK_SIZE[check]));
    blocks.push(block);
    at = checkAt + CHECK_SIZE[check];
  }
  return concat(blocks);
}

interface BlockHeader {
  readonly size: number;
  readonly x86Filter: boolean;
  /** LZMA2 dictionary size, in its encoded form. */
  readonly dictionary: number;
}

/** Block header (section 3.1): size, flags, optional sizes, filter flags, padding, CRC32. */
function readBlockHeader(reader: ImageReader, at: number): BlockHeader {
  const size = (reader.u8(at) + 1) * 4;
  if (crc32(reader.slice(at, size - 4)) !== reader.u32(at + size - 4)) {
    throw corrupt('a block header does not match its checksum');
  }
  const flags = reader.u8(at + 1);
  let cursor = at + 2;
  const variableLength = (): number => {
    let value = 0;
    for (let shift = 0; shift < 63; shift += 7) {
      const byte = reader.u8(cursor++);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw corrupt('a number has no end');
  };
  if (flags & 0x40) variableLength();
  if (flags & 0x80) variableLength();
  const filters: number[] = [];
  let dictionary = 0;
  for (let i = 0; i <= (flags & 3); i++) {
    const id = variableLength();
    const properties = variableLength();
    // A start offset other than zero is only ever set by hand.
    if (id === FILTER.X86 && properties !== 0) throw unsupportedFilter(id);
    if (id === FILTER.LZMA2) dictionary = reader.u8(cursor);
    cursor += properties;
    filters.push(id);
  }
  const last = filters.pop();
  if (last !== FILTER.LZMA2) throw unsupportedFilter(last);
  if (filters.length > 1 || filters.some((id) => id !== FILTER.X86)) throw unsupportedFilter(filters[0]);
  return { size, x86Filter: filters.length === 1, dictionary };
}

/** Walk LZMA2 chunks by their headers: bytes they take with their end marker, and bytes they unpack to. */
function measureLzma2(reader: ImageReader, start: number): { packed: number; unpacked: number } {
  let at = start;
  let unpacked = 0;
  for (;;) {
    const control = reader.u8(at);
    if (control === 0) return { packed: at + 1 - start, unpacked };
    const low = ((reader.u8(at + 1) << 8) | reader.u8(at + 2)) + 1;
    if (control >= 0x80) {
      const packed = ((reader.u8(at + 3) << 8) | reader.u8(at + 4)) + 1;
      unpacked += ((control & 0x1f) << 16) + low;
      // From 0xc0 up new properties follow, a byte.
      at += (control >= 0xc0 ? 6 : 5) + packed;
    } else if (control <= 2) {
      unpacked += low;
      at += 3 + low;
    } else {
      throw corrupt('a chunk has an unknown type');
    }
  }
}

/** Unpack LZMA2 chunks by wrapping them into a stream of one block without a check, which is what the library reads. */
async function unpackLzma2(chunks: Uint8Array, unpacked: number, dictionary: number): Promise<Uint8Array> {
  const result = new Uint8Array(unpacked);
  let length = 0;
  // A dictionary larger than the block is never looked into; a file may still ask for one, to use up memory.
  const wrapped = wrapLzma2(chunks, unpacked, Math.min(dictionary, dictionaryCode(unpacked)));
  try {
    const stream = new xz.XzReadableStream(new Blob([wrapped]).stream());
    for await (const part of stream) {
      if (length + part.length > unpacked) throw new RangeError('more bytes than announced');
      result.set(part, length);
      length += part.length;
    }
  } catch (cause) {
    throw corrupt('it does not unpack', cause);
  }
  if (length !== unpacked) throw corrupt('it ends early');
  return result;
}

function wrapLzma2(chunks: Uint8Array, unpacked: number, dictionary: number): Uint8Array<ArrayBuffer> {
  const withChecksum = (writer: ByteWriter, from: number): ByteWriter =>
    writer.u32(crc32(writer.finish().subarray(from)));
  const header = withChecksum(new ByteWriter().u8(...MAGIC, 0, CHECK.NONE), MAGIC.length);
  const block = withChecksum(new ByteWriter().u8(2, 0, FILTER.LZMA2, 1, dictionary, 0, 0, 0), 0);
  const padding = new Uint8Array(roundUp4(chunks.length) - chunks.length);

  const index = new ByteWriter().u8(0, 1);
  variableLength(index, block.length + chunks.length);
  variableLength(index, unpacked);
  index.zeros(roundUp4(index.length) - index.length);
  withChecksum(index, 0);

  const sizes = new ByteWriter().u32(index.length / 4 - 1).u8(0, CHECK.NONE);
  const footer = new ByteWriter().u32(crc32(sizes.finish())).append(sizes.finish()).ascii('YZ');
  return concat([header.finish(), block.finish(), chunks, padding, index.finish(), footer.finish()]);
}

/** The smallest LZMA2 dictionary that holds all of `size` bytes (section 5.3.1): 2 or 3 times a power of two. */
function dictionaryCode(size: number): number {
  let code = 0;
  while ((2 | (code & 1)) * 2 ** ((code >> 1) + 11) < size) code++;
  return code;
}

function variableLength(writer: ByteWriter, value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    writer.u8((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  writer.u8(rest);
}

function verify(bytes: Uint8Array, check: number, expected: Uint8Array): void {
  const right =
    check === CHECK.CRC32
      ? new ByteWriter().u32(crc32(bytes)).finish()
      : check === CHECK.SHA256
        ? createHash('sha256').update(bytes).digest()
        : expected;
  if (Buffer.compare(right, expected) !== 0) throw corrupt('what came out does not match its checksum');
}

function roundUp4(size: number): number {
  return Math.ceil(size / 4) * 4;
}

function unsupportedFilter(id: number | undefined): Error {
  return imageError(WHAT, `uses filter 0x${id?.toString(16)}, only LZMA2 and the x86 filter can be undone`);
}

function corrupt(detail: string, cause?: unknown): Error {
  return imageError(WHAT, `is corrupt: ${detail}`, 'fetch the kernel again', cause);
}
