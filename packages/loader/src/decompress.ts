import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { VizorError } from '@vizor/core';
import { imageError, mib } from './bytes.ts';
import { decompressLz4Legacy } from './lz4.ts';
import { decompressXz } from './xz.ts';

/** How a payload is compressed; `none` is an ELF as it is. */
export type Compression = 'none' | 'gzip' | 'xz' | 'lz4' | 'zstd' | 'bzip2' | 'lzma' | 'lzo' | 'unknown';

const MAGICS: readonly (readonly [Compression, readonly number[]])[] = [
  ['none', [0x7f, 0x45, 0x4c, 0x46]],
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['lz4', [0x02, 0x21, 0x4c, 0x18]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lzma', [0x5d, 0x00, 0x00]],
  ['lzo', [0x89, 0x4c, 0x5a, 0x4f]],
];

/** What `bytes` are compressed with, by their magic number. */
export function compressionOf(bytes: Uint8Array): Compression {
  return MAGICS.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte))?.[0] ?? 'unknown';
}

/** Compressions that {@link decompress} can undo. */
export const SUPPORTED: readonly Compression[] = ['none', 'gzip', 'xz', 'lz4', 'zstd'];

const gunzipAsync = promisify(gunzip);
const unzstdAsync = promisify(zstdDecompress);

/** The kernel build's "size append": the unpacked size, after every format that does not end with it by itself. */
const SIZE_TRAILER = 4;

/**
 * Unpack a Linux payload to at most `limit` bytes.
 *
 * @param payload exactly the bytes the setup header announces, the 4-byte size behind them included
 * @throws VizorError with code `image` when it is corrupt, too large, or compressed in another way
 */
export async function decompress(payload: Uint8Array, limit: number): Promise<Uint8Array> {
  const compression = compressionOf(payload);
  if (compression === 'none') return payload;
  const announced = announcedSize(payload);
  if (announced > limit) {
    throw imageError(
      'kernel',
      `does not fit: its payload unpacks to ${mib(announced)}, there is room for ${mib(limit)}`,
      'give the guest more with --memory',
    );
  }
  const bytes = await unpack(compression, payload, limit);
  if (bytes.length !== announced) {
    throw imageError(
      `${compression} payload`,
      `is corrupt: it unpacks to ${bytes.length} bytes, ${announced} are announced`,
      'fetch the kernel again',
    );
  }
  return bytes;
}

async function unpack(compression: Compression, payload: Uint8Array, limit: number): Promise<Uint8Array> {
  const stream = payload.subarray(0, payload.length - SIZE_TRAILER);
  try {
    switch (compression) {
      case 'gzip':
        // gzip ends with the size by itself.
        return await gunzipAsync(payload, { maxOutputLength: limit });
      case 'zstd':
        return await unzstdAsync(stream, { maxOutputLength: limit });
      case 'xz':
        return await decompressXz(stream, limit);
      case 'lz4':
        return decompressLz4Legacy(stream, limit);
    }
  } catch (cause) {
    if (cause instanceof VizorError) throw cause;
    throw imageError(`${compression} payload`, 'is corrupt', 'fetch the kernel again', cause);
  }
  throw imageError('kernel', `is compressed with a method that cannot be undone here (${compression})`);
}

function announcedSize(payload: Uint8Array): number {
  if (payload.length < 8) throw imageError('kernel', 'is truncated: its payload is too short', 'fetch it again');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return view.getUint32(payload.length - SIZE_TRAILER, true);
}
