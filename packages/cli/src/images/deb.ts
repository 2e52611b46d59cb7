import { once } from 'node:events';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { VizorError } from '@vizor/core';
import { extract } from 'tar-stream';
import xz from 'xz-decompress';
import { readAr } from './ar.ts';

/** A regular file of a package. */
interface PackedFile {
  /** Like `boot/vmlinuz-6.1.0`. */
  path: string;
  bytes: Uint8Array;
}

/** The packed files of a package, as a tar archive that is unpacked as far as it is read. */
function dataTar(deb: Uint8Array): AsyncIterable<Uint8Array> {
  const data = readAr(deb).find((member) => member.name.startsWith('data.tar'));
  if (data === undefined) throw new VizorError('image', 'Debian package', 'holds no data.tar');
  const packed = (): Blob => new Blob([Uint8Array.from(data.bytes)]);
  switch (data.name) {
    case 'data.tar':
      return packed().stream();
    case 'data.tar.gz':
      return createGunzip().end(data.bytes);
    case 'data.tar.zst':
      return createZstdDecompress().end(data.bytes);
    case 'data.tar.xz':
      return new xz.XzReadableStream(packed().stream());
    default:
      throw new VizorError('image', 'Debian package', `${data.name} is packed in a way that is not known here`);
  }
}

/** The first regular file of a tar archive whose path matches. What follows it is neither read nor unpacked. */
async function findInTar(archive: AsyncIterable<Uint8Array>, wanted: RegExp): Promise<PackedFile | undefined> {
  const tar = extract();
  let found: PackedFile | undefined;
  tar.on('entry', (header, content, next) => {
    const path = header.name.replace(/^\.?\//, '');
    const isIt = found === undefined && header.type === 'file' && wanted.test(path);
    const parts: Uint8Array[] = [];
    content.on('data', (part) => {
      if (isIt) parts.push(part as Uint8Array);
    });
    content.on('end', () => {
      if (isIt) found = { path, bytes: Buffer.concat(parts) };
      next();
    });
  });
  const failed = once(tar, 'close').then(() => {
    throw new Error('not a tar archive');
  });
  failed.catch(() => {});
  // Leaving the loop ends the archive's stream.
  for await (const chunk of archive) {
    if (!tar.write(chunk)) await Promise.race([once(tar, 'drain'), failed]);
    if (found !== undefined) return found;
  }
  return found;
}

/**
 * The first regular file of a package whose path (`boot/vmlinuz-6.1.0`) matches.
 *
 * @throws VizorError `image` when the package is corrupt or has no such file
 */
export async function extractFromDeb(deb: Uint8Array, wanted: RegExp): Promise<PackedFile> {
  let found: PackedFile | undefined;
  try {
    found = await findInTar(dataTar(deb), wanted);
  } catch (error) {
    if (error instanceof VizorError) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw new VizorError('image', 'Debian package', `cannot be unpacked: ${problem}`, { cause: error });
  }
  if (found !== undefined) return found;
  throw new VizorError('image', 'Debian package', `has no file that matches ${wanted.source}`);
}
