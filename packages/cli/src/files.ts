import { readFile } from 'node:fs/promises';
import { VizorError } from '@vizor/core';

const PROBLEMS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'a part of its path is not a folder',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'is on a read-only file system',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many symbolic links',
  ERR_FS_FILE_TOO_LARGE: 'is too large',
};

/** The code that Node gives a failed system call (`ENOENT`), if the error is of that kind. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** A failed file operation as one line in the user's words. */
export function describeFailure(error: unknown): string {
  return PROBLEMS[errorCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
}

/** A file that the user named, whole. Empty ones are refused: they are nothing that a guest could start from. */
export async function readUserFile(path: string, what: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = errorCode(error) === 'ENOENT' ? 'not-found' : 'host';
    throw new VizorError(code, `${what} ${path}`, describeFailure(error), { cause: error });
  }
  if (bytes.length === 0) throw new VizorError('image', `${what} ${path}`, 'the file is empty');
  return bytes;
}
