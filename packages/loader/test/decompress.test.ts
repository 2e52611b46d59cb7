import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { VizorError } from '@vizor/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { undoX86Filter } from '../src/bcj-x86.ts';
import { type Compression, compressionOf, decompress } from '../src/decompress.ts';
import { withSize } from './images.ts';
import { installed } from './kernels.ts';

const LIMIT = 2 ** 28;

/** A real program, larger than one LZ4 legacy block: the beginning of this interpreter. */
const code = new Uint8Array(readFileSync(process.execPath).subarray(0, 12 * 2 ** 20));
const text = new TextEncoder().encode('all work and no play makes a dull boy\n'.repeat(20_000));

function pipe(program: string, args: string[], input: Uint8Array): Uint8Array {
  return execFileSync(program, args, { input, maxBuffer: 2 ** 30, stdio: ['pipe', 'pipe', 'ignore'] });
}

const XZ = ['--format=xz', '-0', '-c'];
const TOOLS: readonly (readonly [label: string, kind: Compression, program: string, args: string[]])[] = [
  ["what lz4 -l makes, Linux's LZ4", 'lz4', 'lz4', ['-l', '-c']],
  ['xz with CRC32', 'xz', 'xz', [...XZ, '--check=crc32']],
  ["xz with the x86 filter, Linux's XZ", 'xz', 'xz', ['-c', '--check=crc32', '--x86', '--lzma2=preset=0,dict=1MiB']],
  ['xz with SHA-256, in blocks', 'xz', 'xz', [...XZ, '--check=sha256', '--block-size=1MiB']],
  ['xz with CRC64 and multi-threaded headers', 'xz', 'xz', [...XZ, '--check=crc64', '-T2']],
  ['xz without a check', 'xz', 'xz', [...XZ, '--check=none']],
  ['what zstd makes', 'zstd', 'zstd', ['-c', '-q']],
];

describe('decompress', () => {
  for (const [label, kind, program, args] of TOOLS) {
    it.skipIf(!installed(program))(`unpacks ${label} (skipped without ${program})`, async () => {
      for (const input of [text, code]) {
        const payload = withSize(pipe(program, args, input), input.length);
        expect(compressionOf(payload)).toBe(kind);
        expect(Buffer.compare(await decompress(payload, LIMIT), input)).toBe(0);
      }
    });
  }

  it('unpacks gzip, which ends with the size by itself', async () => {
    expect(Buffer.compare(await decompress(gzipSync(text), LIMIT), text)).toBe(0);
  });

  it('unpacks zstd', async () => {
    const payload = withSize(zstdCompressSync(text), text.length);
    expect(Buffer.compare(await decompress(payload, LIMIT), text)).toBe(0);
  });

  it('refuses what announces more than there is room for', async () => {
    const bomb = withSize(zstdCompressSync(text), text.length);
    await expect(decompress(bomb, 1000)).rejects.toThrow(/does not fit.*there is room for 1 KiB/);
  });

  it('refuses what announces little and unpacks to much', async () => {
    for (const stream of [zstdCompressSync(text), ...(installed('xz') ? [pipe('xz', XZ, text)] : [])]) {
      await expect(decompress(withSize(stream, 10), 1000)).rejects.toMatchObject({ code: 'image' });
    }
  });

  it('tells what it cannot undo', async () => {
    const bzip2 = new TextEncoder().encode('BZh91AY&SY..............');
    await expect(decompress(bzip2, 2 ** 32)).rejects.toThrow(/cannot be undone here \(bzip2\)/);
  });
});

describe('corrupt payloads', () => {
  const small = code.subarray(0, 60_000);
  const good: Uint8Array[] = [gzipSync(small), withSize(zstdCompressSync(small), small.length)];
  for (const [, , program, args] of TOOLS) {
    if (installed(program)) good.push(withSize(pipe(program, args, small), small.length));
  }

  /** Unpacks to what it was, or is refused with a VizorError of code `image`: nothing else, whatever is done to it. */
  const survives = async (payload: Uint8Array): Promise<void> => {
    try {
      await decompress(payload, 2 ** 20);
    } catch (error) {
      expect(error).toBeInstanceOf(VizorError);
      expect((error as VizorError).code).toBe('image');
      expect((error as VizorError).message).not.toContain('\n');
    }
  };

  it('are refused, never a crash', async () => {
    const damage = fc.record({
      which: fc.nat({ max: good.length - 1 }),
      keep: fc.double({ min: 0, max: 1, noNaN: true }),
      flips: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 255 })), { maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ which, keep, flips }) => {
        const payload = good[which].slice(0, Math.ceil(good[which].length * keep));
        // The square puts most of the damage into headers.
        for (const [where, value] of flips) payload[Math.floor(where ** 2 * payload.length)] = value;
        await survives(payload);
      }),
      { numRuns: 400 },
    );
  });

  it('of random bytes behind a magic number are refused', async () => {
    const magics = good.map((payload) => payload.subarray(0, 12));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 300 }), async (magic, rest) => {
        await survives(Buffer.concat([magic, rest]));
      }),
      { numRuns: 400 },
    );
  });
});

describe('the x86 filter', () => {
  it('ends on any input and changes operands only', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0xe8, 0xe9, 0x00, 0xff, 0x7f, 1), { maxLength: 400 }), (values) => {
        const bytes = Uint8Array.from(values);
        undoX86Filter(bytes);
        expect(bytes.length).toBe(values.length);
        const first = values.findIndex((value) => (value & 0xfe) === 0xe8);
        expect([...bytes.subarray(0, first + 1)]).toEqual(values.slice(0, first + 1));
      }),
    );
  });

  it.skipIf(!installed('xz'))('agrees with xz on code that is all branches (skipped without xz)', async () => {
    const bytes = fc.array(fc.constantFrom(0xe8, 0xe9, 0x00, 0x00, 0xff, 0x01, 0x90), {
      minLength: 2000,
      maxLength: 4000,
    });
    await fc.assert(
      fc.asyncProperty(bytes, async (values) => {
        const input = Uint8Array.from(values);
        const packed = pipe('xz', ['-c', '--check=none', '--x86', '--lzma2=preset=0'], input);
        expect(Buffer.compare(await decompress(withSize(packed, input.length), LIMIT), input)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});
