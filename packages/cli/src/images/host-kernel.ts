import { constants } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** "HdrS" in the setup header of a bzImage (Linux x86 boot protocol, "The Real-Mode Kernel Header"). */
const SIGNATURE = Object.freeze({ OFFSET: 0x202, VALUE: 0x53726448 });

function isBzImage(bytes: Uint8Array): boolean {
  if (bytes.length < SIGNATURE.OFFSET + 4) return false;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(SIGNATURE.OFFSET, true) === SIGNATURE.VALUE;
}

/** The newest kernel of the host's own that this user may read, if the host is of the guest's kind. */
export async function findHostKernel(folder = '/boot'): Promise<{ path: string; bytes: Uint8Array } | undefined> {
  if (process.arch !== 'x64') return undefined;
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith('vmlinuz'));
  const newestFirst = names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const name of newestFirst) {
    const path = join(folder, name);
    const readable = await access(path, constants.R_OK).then(
      () => true,
      () => false,
    );
    if (!readable) continue;
    const bytes = await readFile(path).catch(() => new Uint8Array());
    if (isBzImage(bytes)) return { path, bytes };
  }
  return undefined;
}
