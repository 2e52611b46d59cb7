import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, ImageCache } from '@vizor/cli/images/cache';
import { LINUX_CMDLINE } from '@vizor/cli/images/catalog';
import { VizorError } from '@vizor/core';
import { buildInitramfs, parseBzImage, unpackKernel } from '@vizor/loader';
import { type GuestFiles, VIZOR_MAIN } from './contenders.ts';

/** The line with which a guest's init shows that it runs. */
export const USERSPACE = 'vizor-bench: userspace';

const UNPACKED_MAX = 2 ** 29;
const MEMORY_MIB = 512;

/** A file of Vizor's image cache, which `vizor images fetch` fills where it is not there yet. */
async function image(name: string): Promise<Uint8Array> {
  const cache = new ImageCache(cacheFolder());
  const load = async () => (await cache.load(name))?.bytes;
  const cached = await load();
  if (cached !== undefined) return cached;
  spawnSync(process.execPath, [VIZOR_MAIN, 'images', 'fetch', name], { stdio: ['ignore', 2, 2] });
  const fetched = await load();
  if (fetched === undefined) throw new VizorError('not-found', `image ${name}`, 'could not be fetched');
  return fetched;
}

/** Debian's cloud kernel, unpacked, and an initramfs of busybox and `init`, as files until disposed of. */
export async function linuxGuest(init: string): Promise<GuestFiles & AsyncDisposable> {
  const kernel = await unpackKernel(parseBzImage(await image('cloud')), UNPACKED_MAX);
  if (kernel === undefined) throw new VizorError('image', 'cloud kernel', 'its compression is unknown');
  const busybox = await image('busybox');
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
