import { VizorError } from '@vizor/core';
import { concat } from './bytes.ts';

/** One member of an archive. Paths are relative, without "." or "..", parts joined by "/". Modes are permission bits. */
export type CpioEntry =
  | { readonly kind: 'file'; readonly path: string; readonly data: Uint8Array; readonly mode?: number }
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'device';
      readonly path: string;
      readonly type: 'character' | 'block';
      readonly major: number;
      readonly minor: number;
      readonly mode?: number;
    };

/** File types of st_mode. */
const S_IF = Object.freeze({
  CHARACTER: 0o020000,
  DIRECTORY: 0o040000,
  BLOCK: 0o060000,
  FILE: 0o100000,
  LINK: 0o120000,
});

const NEWC_MAGIC = '070701';
const TRAILER = 'TRAILER!!!';
const SIZE_MAX = 0xffffffff;
const NOTHING = new Uint8Array(0);

const encoder = new TextEncoder();

/**
 * A cpio archive in the "newc" format (Linux Documentation/driver-api/early-userspace/buffer-format.rst).
 * Everything belongs to root and dates from 1970, so that equal entries give equal archives.
 *
 * @param entries in the order in which they are to be unpacked: a directory before what lies in it
 * @throws VizorError with code `usage` for a path or size that the format or an initramfs cannot take
 */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [i, entry] of entries.entries()) {
    checkPath(entry.path);
    pushMember(parts, i + 1, entry.path, describe(entry));
  }
  pushMember(parts, 0, TRAILER, { mode: 0, data: NOTHING, links: 1, device: [0, 0] });
  return concat(parts);
}

interface Member {
  readonly mode: number;
  readonly data: Uint8Array;
  readonly links: number;
  readonly device: readonly [major: number, minor: number];
}

function describe(entry: CpioEntry): Member {
  const plain = { data: NOTHING, links: 1, device: [0, 0] as const };
  switch (entry.kind) {
    case 'file':
      return { ...plain, mode: S_IF.FILE | (entry.mode ?? 0o644), data: entry.data };
    case 'directory':
      return { ...plain, mode: S_IF.DIRECTORY | (entry.mode ?? 0o755), links: 2 };
    case 'symlink':
      return { ...plain, mode: S_IF.LINK | 0o777, data: encoder.encode(entry.target) };
    case 'device': {
      const type = entry.type === 'block' ? S_IF.BLOCK : S_IF.CHARACTER;
      return { ...plain, mode: type | (entry.mode ?? 0o600), device: [entry.major, entry.minor] };
    }
  }
}

/** Header of 6 + 13 × 8 hexadecimal digits, name with NUL, data; header plus name and data each padded to 4 bytes. */
function pushMember(parts: Uint8Array[], inode: number, path: string, member: Member): void {
  const name = encoder.encode(`${path}\0`);
  if (member.data.length > SIZE_MAX) throw unusable(path, 'is larger than 4 GiB');
  const fields = [
    inode,
    member.mode,
    0, // user
    0, // group
    member.links,
    0, // modification time
    member.data.length,
    0, // device that holds it
    0,
    ...member.device,
    name.length,
    0, // checksum, unused in this variant
  ];
  const header = encoder.encode(NEWC_MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''));
  parts.push(header, name, padding(header.length + name.length), member.data, padding(member.data.length));
}

function padding(length: number): Uint8Array {
  return new Uint8Array(-length & 3);
}

function checkPath(path: string): void {
  const wrong = path.includes('\0') || path.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (wrong || path === TRAILER) throw unusable(path, 'is not a relative path');
}

function unusable(path: string, problem: string): VizorError {
  return new VizorError('usage', 'archive', `${JSON.stringify(path)} ${problem}`);
}
