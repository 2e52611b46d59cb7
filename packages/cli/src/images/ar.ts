// The common ar format, as a Debian package uses it (deb(5)): a magic, then 60-byte headers and 2-aligned contents.

import { VizorError } from '@vizor/core';

const MAGIC = '!<arch>\n';
const HEADER = Object.freeze({ BYTES: 60, NAME: 0, NAME_END: 16, SIZE: 48, SIZE_END: 58, END: '`\n' });

export interface ArMember {
  name: string;
  /** A view of the archive, not a copy. */
  bytes: Uint8Array;
}

function corrupt(problem: string): VizorError {
  return new VizorError('image', 'ar archive', problem);
}

/**
 * The members of an archive, in order. Long names of the System V and BSD variants are not looked up: packages have none.
 *
 * @throws VizorError `image` when the bytes are no archive or end early
 */
export function readAr(archive: Uint8Array): ArMember[] {
  const text = (from: number, to: number): string => Buffer.from(archive.subarray(from, to)).toString('latin1');
  if (text(0, MAGIC.length) !== MAGIC) throw corrupt('does not begin with the magic of one');
  const members: ArMember[] = [];
  for (let at = MAGIC.length; at < archive.length; ) {
    const header = text(at, at + HEADER.BYTES);
    if (header.length < HEADER.BYTES || !header.endsWith(HEADER.END)) throw corrupt(`bad header at byte ${at}`);
    const size = header.slice(HEADER.SIZE, HEADER.SIZE_END).trimEnd();
    const start = at + HEADER.BYTES;
    const end = start + Number(size);
    if (!/^\d+$/.test(size) || end > archive.length) throw corrupt(`bad size of the member at byte ${at}`);
    const name = header.slice(HEADER.NAME, HEADER.NAME_END).trimEnd().replace(/\/$/, '');
    members.push({ name, bytes: archive.subarray(start, end) });
    at = end + (end % 2);
  }
  return members;
}
