import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, ImageCache } from '@vizor/cli/src/images/cache.ts';
import { BUSYBOX, findImage, LINUX_CMDLINE } from '@vizor/cli/src/images/catalog.ts';
import { obtainImage } from '@vizor/cli/src/images/fetch.ts';
import { Reporter } from '@vizor/cli/src/reporter.ts';
import { VizorError } from '@vizor/core';
import { buildInitramfs, parseBzImage, unpackKernel } from '@vizor/loader';
import type { GuestFiles } from './contenders.ts';

/** The line with which a guest's init shows that it runs. */
export const USERSPACE = 'vizor-bench: userspace';

const UNPACKED_MAX = 2 ** 29;
const MEMORY_MIB = 512;

/** Debian's cloud kernel, unpacked, and an initramfs of busybox and `init`, as files until disposed of. */
export async function linuxGuest(init: string): Promise<GuestFiles & AsyncDisposable> {
  const cache = new ImageCache(cacheFolder());
  const reporter = new Reporter(process.stderr);
  const kernel = await unpackKernel(parseBzImage(await obtainImage(findImage('cloud'), cache, reporter)), UNPACKED_MAX);
  if (kernel === undefined) throw new VizorError('image', 'cloud kernel', 'its compression is unknown');
  const busybox = await obtainImage(BUSYBOX, cache, reporter);
  const folder = await mkdtemp(join(tmpdir(), 'vizor-bench-'));
  const files = { kernel: join(folder, 'vmlinux'), initramfs: join(folder, 'initramfs') };
  await writeFile(files.kernel, kernel);
  await writeFile(
    files.initramfs,
    buildInitramfs({ busybox, init: `#!/bin/busybox sh\necho ${USERSPACE}\n${init}\n` }),
  );
  return {
    ...files,
    cmdline: LINUX_CMDLINE,
    memory: MEMORY_MIB,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
