import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseStanza } from '../src/images/apt.ts';
import { cacheFolder, ImageCache } from '../src/images/cache.ts';
import { findHostKernel } from '../src/images/host-kernel.ts';
import { makeDeb } from './fixtures/archives.ts';
import { type CliOutcome, makeFakeApt, runCli } from './fixtures/run-cli.ts';

const KERNEL = Buffer.alloc(5000, 'kernel');
const META = 'linux-image-cloud-amd64';
const REAL = 'linux-image-6.1.0-99-cloud-amd64';

let folder = '';
let path = '';

function stanza(name: string, deb: Uint8Array, depends = ''): string {
  const sha256 = createHash('sha256').update(deb).digest('hex');
  return `Package: ${name}\nVersion: 1:2-3\nDepends: ${depends}\nSize: ${deb.length}\nSHA256: ${sha256}\n\n`;
}

/** Let the stand-in for apt offer a package. */
function offer(name: string, deb: Uint8Array, depends?: string): void {
  writeFileSync(join(folder, `${name}.deb`), deb);
  writeFileSync(join(folder, 'show', name), stanza(name, deb, depends));
}

function vizor(...args: string[]): Promise<CliOutcome> {
  return runCli(args, { PATH: path, XDG_CACHE_HOME: join(folder, 'cache') });
}

function calls(): string[] {
  return readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vizor-images-'));
  path = makeFakeApt(folder);
  offer(META, Buffer.from('meta'), `${REAL} (= 2-3), linux-base`);
  offer(REAL, await makeDeb({ './usr/share/doc/x': Buffer.alloc(9), './boot/vmlinuz-6.1.0-99-cloud-amd64': KERNEL }));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a meta package leads to the kernel, which is cached whole with its record', async () => {
  const fetched = await vizor('images', 'fetch', 'cloud');
  expect(fetched).toMatchObject({ status: 0, stdout: '' });
  expect(fetched.stderr).toContain(`fetching ${REAL} 1:2-3`);
  expect(readdirSync(join(folder, 'cache/vizor')).sort()).toEqual(['cloud.bin', 'cloud.json']);

  const cached = await new ImageCache(join(folder, 'cache/vizor')).load('cloud');
  expect(KERNEL.equals(cached?.bytes ?? Buffer.alloc(0))).toBe(true);
  expect(cached?.record).toMatchObject({ package: REAL, version: '1:2-3', size: KERNEL.length });

  expect((await vizor('images')).stdout).toMatch(/^cloud +1:2-3 +0\.0 MB +\d{4}-\d\d-\d\d /m);
  expect(await vizor('images', 'remove', 'cloud')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(await vizor('images', 'remove', 'cloud')).toMatchObject({
    status: 125,
    stderr: 'vizor: remove cloud: it is not in the cache\n',
  });
});

test('a cached file that was cut off or altered counts as absent, and is fetched anew', async () => {
  const cache = new ImageCache(join(folder, 'cache/vizor'));
  const record = { package: REAL, version: '1', path: 'boot/vmlinuz' };
  await cache.store('cloud', KERNEL, record);
  expect(await cache.load('cloud')).toBeDefined();
  for (const bytes of [KERNEL.subarray(0, 100), Buffer.alloc(KERNEL.length), Buffer.alloc(0)]) {
    writeFileSync(join(cache.folder, 'cloud.bin'), bytes);
    expect(await cache.load('cloud')).toBeUndefined();
  }
  writeFileSync(join(cache.folder, 'cloud.json'), '{ "package": "linux');
  expect(await cache.load('cloud')).toBeUndefined();
  expect((await vizor('run', 'cloud', '--initramfs', 'none')).stderr).toContain(`fetching ${REAL}`);
  expect(await cache.load('cloud')).toBeDefined();
});

test('a download that does not match the signed checksum is not used', async () => {
  writeFileSync(join(folder, `${REAL}.deb`), await makeDeb({ './boot/vmlinuz-evil': KERNEL }));
  const { status, stderr } = await vizor('images', 'fetch', 'cloud');
  expect(status).toBe(125);
  expect(stderr).toMatch(/the download does not match its checksum \(try again.*\)\n$/);
  expect(readdirSync(join(folder, 'cache/vizor'))).toEqual([]);
});

test('missing package lists are updated', async () => {
  rmSync(join(folder, 'show'), { recursive: true });
  const deb = readFileSync(join(folder, `${REAL}.deb`));
  const shown = `cat > '${folder}/show/${META}' <<'END'\n${stanza(META, Buffer.from('meta'), REAL)}END\n`;
  const real = `cat > '${folder}/show/${REAL}' <<'END'\n${stanza(REAL, deb)}END\n`;
  writeFileSync(join(folder, 'after-update'), `mkdir -p '${folder}/show'\n${shown}${real}`);
  expect(await vizor('images', 'fetch', 'cloud')).toMatchObject({ status: 0 });
  expect(calls()).toEqual(['update', 'download']);
});

test.each([
  ["E: Failed to fetch http://x  Temporary failure resolving 'deb.debian.org'", "Debian's servers cannot be reached"],
  ['E: Write error - write (28: No space left on device)', 'no space left'],
  ['E: Something else\nE: More', 'apt failed: Something else'],
])('apt complaining of %j is one clear line', async (complaint, problem) => {
  writeFileSync(join(folder, 'fail'), `${complaint}\n`);
  const { status, stdout, stderr } = await vizor('run', 'cloud');
  expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
  const last = stderr.trimEnd().split('\n').at(-1);
  expect(last).toContain(`vizor: fetch ${REAL}: ${problem} (`);
  expect(last).toContain('give a kernel of your own with --kernel');
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('an archive that has moved on is looked up again, once', async () => {
  writeFileSync(join(folder, 'fail'), 'E: Failed to fetch http://x  404  Not Found\n');
  expect((await vizor('images', 'fetch', 'cloud')).stderr).toContain('the archive does not have this version');
  expect(calls()).toEqual(['download', 'update', 'download']);
});

test('no apt and no such package are one clear line each', async () => {
  path = folder;
  const none = await vizor('run', 'memtest');
  expect(none).toMatchObject({ status: 125, stdout: '' });
  expect(none.stderr).toMatch(/^vizor: fetch: there is no apt-cache here \(.*--kernel.*\)\n$/);
  path = makeFakeApt(folder);
  const unknown = await vizor('run', 'memtest');
  expect(unknown).toMatchObject({ status: 125, stdout: '' });
  expect(unknown.stderr).toMatch(/look up memtest86\+: no such package in the package lists of apt \(.*\)\n$/);
});

test('a cache that cannot be written is one clear line', async () => {
  writeFileSync(join(folder, 'cache'), 'a file where a folder should be');
  for (const args of [['run'], ['images'], ['images', 'fetch', 'cloud']]) {
    const { status, stdout, stderr } = await vizor(...args);
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
    expect(stderr).toMatch(/^vizor: cache .*: a part of its path is not a folder \(set XDG_CACHE_HOME .*\)\n$/);
  }
});

test('the cache lies where the XDG specification says', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/x/y' })).toBe('/x/y/vizor');
  expect(cacheFolder({ XDG_CACHE_HOME: 'relative' })).toMatch(/^\/.*\/\.cache\/vizor$/);
  expect(cacheFolder({})).toMatch(/^\/.*\/\.cache\/vizor$/);
});

test('of the host kernels, the newest that is one is taken', async () => {
  const image = (fill: number): Buffer => {
    const bytes = Buffer.alloc(0x400, fill);
    bytes.write('HdrS', 0x202);
    return bytes;
  };
  writeFileSync(join(folder, 'vmlinuz-6.9.0'), image(1));
  writeFileSync(join(folder, 'vmlinuz-6.10.0'), image(2));
  writeFileSync(join(folder, 'vmlinuz-6.11.0'), 'not a kernel');
  writeFileSync(join(folder, 'config-6.12.0'), image(3));
  const found = await findHostKernel(folder);
  expect(found?.path).toBe(process.arch === 'x64' ? join(folder, 'vmlinuz-6.10.0') : undefined);
  expect(await findHostKernel(join(folder, 'missing'))).toBeUndefined();
});

test('a stanza is read, and one that could be no package is not', () => {
  const text = `Package: a-b\nVersion: 1:2+x~3\nSize: 7\nSHA256: ${'A'.repeat(64)}\nDepends: c (= 1) | d, e:any\n\nPackage: z\n`;
  const record = { name: 'a-b', version: '1:2+x~3', size: 7, sha256: 'a'.repeat(64), depends: ['c', 'd', 'e'] };
  expect(parseStanza(text)).toEqual(record);
  expect(parseStanza(text.replace('a-b', '--option'))).toBeUndefined();
  expect(parseStanza(text.replace('1:2', '$(x)'))).toBeUndefined();
  expect(parseStanza('')).toBeUndefined();
});
