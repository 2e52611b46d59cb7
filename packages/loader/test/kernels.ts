import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder with real kernels and a static busybox, as they are named in Debian's packages (in it, boot/ or bin/). */
const FOLDER = process.env.VIZOR_TEST_KERNELS;

export const NO_KERNELS = 'skipped: VIZOR_TEST_KERNELS names no folder with';

/** The bytes of the first file whose name matches, or undefined. */
export function testFile(pattern: RegExp): Uint8Array | undefined {
  if (FOLDER === undefined) return undefined;
  for (const folder of [FOLDER, join(FOLDER, 'boot'), join(FOLDER, 'bin')]) {
    const name = existsSync(folder) && readdirSync(folder).find((each) => pattern.test(each));
    if (name) return readFileSync(join(folder, name));
  }
  return undefined;
}

export const KERNELS = Object.freeze({
  cloud: /^vmlinuz-.*-cloud-amd64$/,
  generic: /^vmlinuz-[0-9.-]+-amd64$/,
  memtest: /^memtest86\+x64\.bin$/,
  memtest32: /^memtest86\+ia32\.bin$/,
  busybox: /^busybox$/,
});

/** Whether a program of Debian's is installed. */
export function installed(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
