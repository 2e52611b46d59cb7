import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VizorError } from '@vizor/core';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAr } from '../src/images/ar.ts';
import { extractFromDeb } from '../src/images/deb.ts';
import { makeAr, makeDeb } from './fixtures/archives.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vizor-archives-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function isMissing(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
}

test.skipIf(isMissing('ar'))('reads what binutils ar writes (skipped where there is no ar)', () => {
  const members = { 'debian-binary': '2.0\n', odd: '123', empty: '', 'fifteen-letters': 'x'.repeat(4096) };
  for (const [name, text] of Object.entries(members)) writeFileSync(join(folder, name), text);
  execFileSync('ar', ['rcSD', 'a.ar', ...Object.keys(members)], { cwd: folder });
  const read = readAr(readFileSync(join(folder, 'a.ar')));
  expect(read.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])).toEqual(Object.entries(members));
});

test.skipIf(isMissing('dpkg-deb')).each(['gzip', 'xz', 'zstd', 'none'])(
  'finds a file in what dpkg-deb packs with %s (skipped where there is no dpkg-deb)',
  async (compression) => {
    const kernel = Buffer.alloc(300_000, 'kernel ');
    mkdirSync(join(folder, 'p/DEBIAN'), { recursive: true });
    mkdirSync(join(folder, 'p/boot'));
    const control = 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: m\nDescription: d\n';
    writeFileSync(join(folder, 'p/DEBIAN/control'), control);
    writeFileSync(join(folder, 'p/boot/vmlinuz-6.1'), kernel);
    try {
      execFileSync('dpkg-deb', [`-Z${compression}`, '-b', 'p', 'p.deb'], { cwd: folder, stdio: 'pipe' });
    } catch (error) {
      // Older ones do not know zstd.
      if (String(error).includes('compression type')) return;
      throw error;
    }
    const { path, bytes } = await extractFromDeb(readFileSync(join(folder, 'p.deb')), /^boot\/vmlinuz-/);
    expect(path).toBe('boot/vmlinuz-6.1');
    expect(kernel.equals(bytes)).toBe(true);
  },
);

test('members come back as they were packed', () => {
  const member = fc.record({
    name: fc.string({ unit: fc.constantFrom(...'abcdef.-0'), minLength: 1, maxLength: 15 }),
    bytes: fc.uint8Array({ maxLength: 50 }),
  });
  fc.assert(
    fc.property(fc.array(member), (members) => {
      const read = readAr(makeAr(members));
      expect(read.map(({ name, bytes }) => [name, [...bytes]])).toEqual(
        members.map(({ name, bytes }) => [name, [...bytes]]),
      );
    }),
  );
});

test('an archive with any bytes changed is read or refused as an image', () => {
  const archive = makeAr([
    { name: 'one', bytes: Buffer.from('abc') },
    { name: 'two', bytes: Buffer.alloc(64) },
  ]);
  const changes = fc.array(fc.tuple(fc.nat({ max: archive.length - 1 }), fc.nat({ max: 255 })), { minLength: 1 });
  fc.assert(
    fc.property(changes, fc.nat({ max: archive.length }), (bytes, length) => {
      const hostile = Uint8Array.from(archive.subarray(0, length));
      for (const [at, value] of bytes) if (at < length) hostile[at] = value;
      try {
        for (const member of readAr(hostile)) expect(member.bytes.length).toBeLessThanOrEqual(length);
      } catch (error) {
        expect(error).toBeInstanceOf(VizorError);
        expect(error).toMatchObject({ code: 'image' });
      }
    }),
    { numRuns: 2000 },
  );
});

test('a corrupt or cut package is refused, never unpacked in silence', async () => {
  const deb = await makeDeb({ './boot/vmlinuz-1': Buffer.from('kernel'), './other': Buffer.alloc(100) });
  await expect(extractFromDeb(deb, /^boot\/nothing$/)).rejects.toThrow(/no file that matches/);
  await expect(extractFromDeb(deb.subarray(0, 40), /x/)).rejects.toMatchObject({ code: 'image' });
  const broken = Buffer.from(deb);
  broken.fill(0x55, deb.length - 60);
  await expect(extractFromDeb(broken, /^nothing$/)).rejects.toMatchObject({ code: 'image' });
});
