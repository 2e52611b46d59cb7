import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VizorError } from '@vizor/core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { buildInitramfs, type CpioEntry, commandScript, cpioArchive, DEFAULT_INIT } from '../src/index.ts';
import { outbProgram } from '../src/outb.ts';
import { elf } from './images.ts';
import { installed } from './kernels.ts';

const folder = mkdtempSync(join(tmpdir(), 'vizor-cpio-'));
afterAll(() => rmSync(folder, { recursive: true }));

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function cpio(args: string[], input: Uint8Array, cwd = folder): string {
  return execFileSync('cpio', args, { input, cwd, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

describe('cpioArchive', () => {
  const entries: CpioEntry[] = [
    { kind: 'directory', path: 'd' },
    { kind: 'file', path: 'd/empty', data: text('') },
    { kind: 'file', path: 'd/run', data: text('#!/bin/sh\n'), mode: 0o4755 },
    { kind: 'file', path: 'd/ümläut and space', data: text('abc') },
    { kind: 'symlink', path: 'd/link', target: 'run' },
    { kind: 'device', path: 'd/console', type: 'character', major: 5, minor: 1, mode: 0o620 },
    { kind: 'device', path: 'd/disk', type: 'block', major: 259, minor: 1048575 },
  ];

  it.skipIf(!installed('cpio'))('is listed by cpio as it was given (skipped without cpio)', () => {
    const lines = cpio(['-itv', '-n', '--quiet'], cpioArchive(entries)).trim().split('\n');
    expect(lines.map((line) => line.split(/\s+/)[0])).toEqual([
      'drwxr-xr-x',
      '-rw-r--r--',
      '-rwsr-xr-x',
      '-rw-r--r--',
      'lrwxrwxrwx',
      'crw--w----',
      'brw-------',
    ]);
    expect(lines[4]).toMatch(/d\/link -> run$/);
    expect(lines[5]).toMatch(/\b5, +1 Jan +1 +1970 d\/console$/);
    expect(lines[6]).toMatch(/\b259, *1048575 /);
  });

  it.skipIf(!installed('cpio'))('is unpacked by cpio (skipped without cpio)', () => {
    cpio(['-i', '--quiet'], cpioArchive(entries.filter((entry) => entry.kind !== 'device')));
    expect(readFileSync(join(folder, 'd/ümläut and space'), 'utf8')).toBe('abc');
    expect(readlinkSync(join(folder, 'd/link'))).toBe('run');
    expect(lstatSync(join(folder, 'd/run')).mode & 0o7777).toBe(0o4755);
  });

  it('is a function of its entries', () => {
    expect(cpioArchive(entries)).toEqual(cpioArchive(entries));
  });

  it.each(['', '/abs', 'a//b', 'a/', '../x', 'a/../b', './a', 'a\0b', 'TRAILER!!!'])('refuses the path %j', (path) => {
    expect(() => cpioArchive([{ kind: 'directory', path }])).toThrow(VizorError);
  });
});

describe('commandScript', () => {
  it('hands any words to the program as they are', () => {
    const word = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => !value.includes('\0'));
    const awkward = fc.constantFrom("it's", '$HOME', '`id`', '\\', '"', '*', '', '\n', "'\\''", '-e', '#');
    const script = join(folder, 'command');
    fc.assert(
      fc.property(fc.array(fc.oneof(word, awkward), { maxLength: 6 }), (words) => {
        writeFileSync(script, commandScript(['printf', '%s\\0', ...words]));
        const output = execFileSync('sh', [script]).toString();
        // Lone surrogates become replacement characters on the way to bytes.
        expect(output).toBe(`${(words.length > 0 ? words : ['']).map((value) => value.toWellFormed()).join('\0')}\0`);
      }),
      { numRuns: 150 },
    );
  });

  it('refuses what no program can be given', () => {
    expect(() => commandScript([])).toThrow(/is empty/);
    expect(() => commandScript(['a', 'b\0c'])).toThrow(/NUL/);
  });
});

describe('buildInitramfs', () => {
  const busybox = elf();

  it.skipIf(!installed('cpio'))('makes what init needs, parents first (skipped without cpio)', () => {
    const archive = buildInitramfs({
      busybox,
      probe: text('probe'),
      command: ['uname', '-a'],
      files: [{ kind: 'file', path: 'lib/modules/6.1/a.ko', data: text('x') }],
    });
    const names = cpio(['-it', '--quiet'], archive).trim().split('\n');
    for (const needed of ['init', 'bin/busybox', 'bin/sh', 'dev/console', 'vizor/probe', 'vizor/command']) {
      expect(names).toContain(needed);
    }
    expect(new Set(names).size).toBe(names.length);
    for (const [i, name] of names.entries()) {
      const parent = name.split('/').slice(0, -1).join('/');
      if (parent) expect(names.slice(0, i)).toContain(parent);
    }
    expect(cpio(['-i', '--quiet', '--to-stdout', 'vizor/command'], archive)).toBe("exec 'uname' '-a'\n");
  });

  it('refuses a busybox that is no program', () => {
    expect(() => buildInitramfs({ busybox: text('#!/bin/sh') })).toThrow(/busybox: is not an ELF program/);
  });
});

describe('the default init', () => {
  it('is a shell script without a mistake in syntax', () => {
    const script = join(folder, 'init');
    writeFileSync(script, DEFAULT_INIT);
    execFileSync('sh', ['-n', script]);
  });
});

describe('outb', () => {
  const program = join(folder, 'outb');

  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64' || process.getuid?.() !== 0)(
    'reports a port that the kernel refuses (skipped unless root on x86-64 Linux)',
    () => {
      writeFileSync(program, outbProgram(), { mode: 0o755 });
      expect(existsSync(program)).toBe(true);
      // ioperm refuses ports from 65536 up with EINVAL, whatever else it allows.
      expect(() => execFileSync(program, ['65536', '1'])).toThrow(expect.objectContaining({ status: 1 }));
    },
  );

  it.skipIf(!installed('objdump'))('holds the code its listing says (skipped without objdump)', () => {
    writeFileSync(program, outbProgram(), { mode: 0o755 });
    const args = ['-D', '-b', 'binary', '-m', 'i386:x86-64', '-M', 'intel', '--start-address=120', program];
    const listing = execFileSync('objdump', args, { encoding: 'utf8' });
    expect(listing.match(/\bcall +0xb7\b/g)).toHaveLength(2);
    expect(listing).toMatch(/b7:\s+31 db\s+xor +ebx,ebx/);
    expect(listing).toMatch(/out +dx,al/);
    expect(listing).not.toContain('(bad)');
  });
});
