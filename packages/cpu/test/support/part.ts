import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { CODE_ARENA, RAM_BASE_MIN, STATICS, WASM_PAGE } from '../../../../asm/layout/memory.ts';
import type { Form } from '../../src/opcodes/form.ts';
import { operationsOf } from '../../src/opcodes/operation.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
/** Guest RAM behind a part, in bytes; guest physical address 0 is at linear-memory offset RAM_BASE_MIN. */
export const PART_RAM = 4 * WASM_PAGE;
/** A free place for a decoded operation. */
export const PART_OPERATION = CODE_ARENA;

/** Some functions of the CPU kernel, compiled by themselves. */
export interface Part {
  readonly exports: Record<string, (...values: (number | bigint | boolean)[]) => number>;
  readonly view: DataView;
  readonly bytes: Uint8Array;
}

/** Numbers of these forms' operations, by name; valid within one part only. */
export function partOperations(forms: readonly Form[]): Map<string, number> {
  const names = new Set(forms.flatMap(operationsOf).map((operation) => operation.name));
  return new Map([...names].map((name, index) => [name, index + 1]));
}

/**
 * Compile `source`, an AssemblyScript module that lies in asm/, and what it imports. Decoding and the local APIC are left
 * out: no code is decoded and no interrupts arrive in a part. Throws when it does not compile.
 */
export async function compilePart(source: string, operations: ReadonlyMap<string, number>): Promise<Part> {
  const virtual = new Map([
    ['asm/part.ts', source],
    [
      'asm/generated/ops.ts',
      [...operations].map(([name, number]) => `export const ${name}: u32 = ${number};`).join('\n'),
    ],
    [
      'asm/cpu/code-pages.ts',
      `export function codeWritten(cpu: u32, at: u32, size: u32): void {}
       export function isCodePage(cpu: u32, at: u32): bool { return false; }
       export function nextGeneration(cpu: u32): void {}`,
    ],
    [
      'asm/cpu/lapic.ts',
      `export function lapicBase(cpu: u32): u64 { return 0xfee00000; }
       export function lapicRead(cpu: u32, at: u32, size: u32): u32 { return 0; }
       export function lapicWrite(cpu: u32, at: u32, size: u32, value: u32): void {}`,
    ],
  ]);
  const readFile = (name: string): string | null => {
    const text = virtual.get(name);
    if (text !== undefined) return text;
    try {
      return readFileSync(join(ROOT, name), 'utf8');
    } catch {
      return null;
    }
  };
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const pages = (RAM_BASE_MIN + PART_RAM) / WASM_PAGE;
  const { error, stderr } = await asc.main(
    [
      'asm/part.ts',
      ...['--outFile', 'part.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd,threads'],
      ...['--importMemory', '--noExportMemory', '--sharedMemory', '--memoryBase', String(STATICS)],
      ...['--initialMemory', String(pages), '--maximumMemory', String(pages)],
    ],
    {
      readFile,
      writeFile: (name, contents) => {
        if (name === 'part.wasm') binary = Uint8Array.from(contents as Uint8Array);
      },
      listFiles: () => [],
    },
  );
  if (error || binary === undefined) throw new Error(`part does not compile\n${stderr.toString()}`, { cause: error });
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const silent = () => 0;
  const host = {
    pioRead: silent,
    pioWrite: silent,
    mmioRead: silent,
    mmioWrite: silent,
    now: silent,
    acknowledge: silent,
    endOfInterrupt: silent,
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory }, host });
  return {
    exports: exports as Part['exports'],
    view: new DataView(memory.buffer),
    bytes: new Uint8Array(memory.buffer),
  };
}
