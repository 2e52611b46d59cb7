import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { VizorError } from '@vizor/core';
import { extract } from 'tar-stream';
import { XzReadableStream } from 'xz-decompress';
import { readAr } from './ar.ts';

/** The packed files of a package, unpacked as far as they are read. */
function dataTar(deb: Uint8Array): Readable {
  const data = readAr(deb).find((member) => member.name.startsWith('data.tar'));
  if (data === undefined) throw new VizorError('image', 'Debian package', 'holds no data.tar');
  const packed = new Blob([data.bytes as Uint8Array<ArrayBuffer>]).stream();
  const stream = (): Readable => Readable.fromWeb(packed as NodeReadableStream);
  switch (data.name) {
    case 'data.tar':
      return stream();
    case 'data.tar.gz':
      return stream().compose(createGunzip());
    case 'data.tar.zst':
      return stream().compose(createZstdDecompress());
    case 'data.tar.xz':
      return Readable.fromWeb(new XzReadableStream(packed) as NodeReadableStream);
    default:
      throw new VizorError('image', 'Debian package', `${data.name} is packed in a way that is not known here`);
  }
}

/**
 * The first regular file of a package whose path (`boot/vmlinuz-6.1.0`) matches.
 *
 * @throws VizorError `image` when the package is corrupt or has no such file
 */
export async function extractFromDeb(deb: Uint8Array, wanted: RegExp): Promise<{ path: string; bytes: Uint8Array }> {
  const tar = extract();
  const abort = new AbortController();
  const source = dataTar(deb);
  const unpacking = pipeline(source, tar, { signal: abort.signal });
  unpacking.catch(() => {});
  try {
    for await (const entry of tar) {
      const path = entry.header.name.replace(/^\.?\//, '');
      if (entry.header.type === 'file' && wanted.test(path)) {
        const parts: Uint8Array[] = [];
        for await (const part of entry) parts.push(part);
        return { path, bytes: Buffer.concat(parts) };
      }
      entry.resume();
    }
    await unpacking;
  } catch (error) {
    if (error instanceof VizorError) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw new VizorError('image', 'Debian package', `cannot be unpacked: ${problem}`, { cause: error });
  } finally {
    // What follows the file in the archive is of no interest, and most of the work.
    abort.abort();
    source.destroy();
  }
  throw new VizorError('image', 'Debian package', `has no file that matches ${wanted.source}`);
}
