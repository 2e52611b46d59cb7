// Builds the WebAssembly kernels: generators first, then AssemblyScript's compiler; and the tiny guest. A build is skipped when neither
// its inputs nor its outputs have changed since the last one; `--force` builds anyway.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { RAM_BASE_MIN, STATICS, WASM_PAGE, WASM_PAGES_MAX } from '../asm/layout/memory.ts';
import { guestElf } from './guest/guest.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'asm/build/stamp.json');

/** Programs that write `asm/generated/`. */
const GENERATORS = ['tools/opcodes/generate.ts'];
const KERNELS = [{ input: 'asm/cpu/index.ts', output: 'asm/build/cpu.wasm' }];
const GUEST = 'asm/build/guest.elf';
/** Folders and files that a build reads. */
const INPUTS = [
  'asm',
  'packages/cpu/src/opcodes',
  'tools/opcodes',
  'tools/guest',
  'tools/build-kernels.ts',
  'node_modules/assemblyscript/package.json',
];
const OUTPUTS = ['asm/generated', ...KERNELS.map((kernel) => kernel.output), GUEST];
/** Under `asm`, but written by the build or by the package manager. */
const NOT_INPUTS = ['asm/build', 'asm/generated', 'asm/node_modules'];

const FLAGS = [
  ...['-O3', '--noAssert', '--runtime', 'stub'],
  ...['--importMemory', '--noExportMemory', '--sharedMemory', '--importTable'],
  // What a kernel declares must not exceed any machine's memory, and every machine has at least the part below its RAM.
  ...['--initialMemory', String(RAM_BASE_MIN / WASM_PAGE), '--maximumMemory', String(WASM_PAGES_MAX)],
  ...['--memoryBase', String(STATICS)],
  ...['--enable', 'simd,threads'],
];

/** Files at or below a path of the checkout, sorted. */
function filesOf(path: string): string[] {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

function hashOf(files: string[]): string {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

function inputHash(): string {
  const files = INPUTS.flatMap(filesOf);
  return hashOf(files.filter((file) => !NOT_INPUTS.some((folder) => file.startsWith(`${folder}/`))));
}

function outputHash(): string {
  return hashOf(OUTPUTS.flatMap(filesOf));
}

function isFresh(inputs: string): boolean {
  if (!existsSync(stamp)) return false;
  const last: { inputs: string; outputs: string } = JSON.parse(readFileSync(stamp, 'utf8'));
  return last.inputs === inputs && last.outputs === outputHash();
}

/** Compile one kernel beside its final place and move it there whole, so that a running machine never reads half of it. */
async function compile(input: string, output: string): Promise<void> {
  const partial = `${output}.${process.pid}`;
  const { error, stderr } = await asc.main([input, '--baseDir', root, '--outFile', partial, ...FLAGS]);
  if (error) throw new Error(`${input} does not compile\n${stderr.toString()}`, { cause: error });
  renameSync(join(root, partial), join(root, output));
}

async function build(inputs: string): Promise<void> {
  mkdirSync(join(root, 'asm/build'), { recursive: true });
  mkdirSync(join(root, 'asm/generated'), { recursive: true });
  for (const generator of GENERATORS) {
    execFileSync(process.execPath, [join(root, generator)], { cwd: root, stdio: ['ignore', 2, 2] });
  }
  for (const kernel of KERNELS) await compile(kernel.input, kernel.output);
  writeFileSync(join(root, GUEST), guestElf());
  writeFileSync(stamp, JSON.stringify({ inputs, outputs: outputHash() }));
}

const inputs = inputHash();
if (process.argv.includes('--force') || !isFresh(inputs)) {
  const started = performance.now();
  process.stderr.write('vizor: building the kernels, about half a minute\n');
  try {
    await build(inputs);
    process.stderr.write(`vizor: kernels built in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  } catch (error) {
    process.stderr.write(`vizor: kernels: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
