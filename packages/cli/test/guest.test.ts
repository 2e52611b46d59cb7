import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ImageCache, sha256 } from '../src/images/cache.ts';
import { type GuestWish, resolveGuest } from '../src/images/guest.ts';
import { Reporter } from '../src/reporter.ts';

const silent = new Reporter({ write() {} });
const CLOUD = Buffer.from('the cloud kernel');
const MEMTEST = Buffer.from('the memory test');
const WISH: GuestWish = { command: [], shell: false, pipe: true };

let folder = '';
let cache: ImageCache;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vizor-guest-'));
  cache = new ImageCache(join(folder, 'cache'));
  const record = { version: '1', path: 'x' };
  await cache.store('cloud', CLOUD, { ...record, package: 'linux-image-6.1' });
  await cache.store('memtest', MEMTEST, { ...record, package: 'memtest86+' });
  await cache.store('busybox', Buffer.from('\x7fELF and so on'), { ...record, package: 'busybox-static' });
  for (const name of ['kernel', 'initrd']) writeFileSync(join(folder, name), name);
});
afterEach(() => rmSync(folder, { recursive: true }));

test('by default: the cached kernel, and an initramfs that shows a checksum', async () => {
  const guest = await resolveGuest(WISH, cache, silent);
  expect(guest).toMatchObject({ label: 'linux-image-6.1', cmdline: 'console=ttyS0 panic=-1 vizor.pipe' });
  expect(Buffer.from(guest.kernel)).toEqual(CLOUD);
  const initramfs = Buffer.from(guest.initramfs ?? []);
  const at = initramfs.indexOf('vizor/probe\0');
  expect(at).toBeGreaterThan(0);
  // The name is padded to a multiple of four together with the 110 bytes of the newc header before it.
  const start = Math.ceil((at + 'vizor/probe\0'.length) / 4) * 4;
  expect(guest.checksum).toBe(sha256(initramfs.subarray(start, start + 2 ** 18)));
});

test('a shell on a terminal, a command with a quiet kernel', async () => {
  const shell = await resolveGuest({ ...WISH, shell: true, pipe: false }, cache, silent);
  expect(shell.cmdline).toBe('console=ttyS0 panic=-1 vizor.shell');
  const command = await resolveGuest({ ...WISH, command: ['ls', '-l'] }, cache, silent);
  expect(command.cmdline).toBe('console=ttyS0 panic=-1 loglevel=1 vizor.pipe');
  expect(command.checksum).toBeUndefined();
  expect(Buffer.from(command.initramfs ?? []).includes("exec 'ls' '-l'")).toBe(true);
});

test('named files are taken as they are, and a named command line replaces the default', async () => {
  const files = { kernel: join(folder, 'kernel'), initramfs: join(folder, 'initrd') };
  const guest = await resolveGuest({ ...WISH, ...files, cmdline: 'mine' }, cache, silent);
  expect({ ...guest, kernel: String(guest.kernel), initramfs: String(guest.initramfs) }).toEqual({
    label: files.kernel,
    kernel: 'kernel',
    initramfs: 'initrd',
    cmdline: 'mine',
  });
  expect(await resolveGuest({ ...WISH, initramfs: 'none' }, cache, silent)).not.toHaveProperty('initramfs');
});

test('the memory test gets no initramfs', async () => {
  const guest = await resolveGuest({ ...WISH, image: 'memtest' }, cache, silent);
  expect(guest).toEqual({ label: 'memtest', kernel: MEMTEST, cmdline: 'console=ttyS0,115200' });
});
