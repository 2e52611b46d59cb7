import { readFileSync } from 'node:fs';
import { VizorError } from '@vizor/core';

/** What the CPU kernel calls back into: see asm/cpu/host.ts. */
export interface CpuKernelHost {
  pioRead(port: number, size: number): number;
  pioWrite(port: number, size: number, value: number): void;
  mmioRead(low: number, high: number, size: number): number;
  mmioWrite(low: number, high: number, size: number, value: number): void;
  now(): number;
  acknowledge(): number;
  endOfInterrupt(vector: number): void;
}

/** The CPU kernel's functions: see asm/cpu/index.ts. `cpu` is the linear-memory address of a vCPU's block. */
export interface CpuKernel {
  create(cpu: number, ramBase: number, ramLow: number, ramHigh: number): void;
  reset(cpu: number): void;
  run(cpu: number, budget: number): number;
  updateMode(cpu: number): void;
  flush(cpu: number): void;
  written(cpu: number, at: number, size: number): void;
  setIntr(cpu: number, level: number): void;
  pulseNmi(cpu: number): void;
  setA20(cpu: number, open: number): void;
  deliverApic(cpu: number, destination: number, logical: number, mode: number, vector: number, level: number): number;
  lapicNextTimer(cpu: number): number;
  getFlags(cpu: number): number;
  setFlags(cpu: number, flags: number): void;
  decode(bytes: number, mode: number, offset: number, op: number): number;
}

/** Functions that compiled guest code calls. */
interface CompiledCodeImports {
  executeFor: WebAssembly.ImportValue;
  condition: WebAssembly.ImportValue;
  overflows: WebAssembly.ImportValue;
  setCarryOverflow: WebAssembly.ImportValue;
}

/** The function table grows by as many entries at least. */
const TABLE_STEP = 1024;

/** Makes functions of the modules that the JIT writes to linear memory. */
class Compiler {
  imports: WebAssembly.Imports = {};
  readonly #memory: WebAssembly.Memory;
  readonly #table: WebAssembly.Table;

  constructor(memory: WebAssembly.Memory, table: WebAssembly.Table) {
    this.#memory = memory;
    this.#table = table;
  }

  /** The module puts its `count` functions into the table itself, from `first` on. */
  compile(address: number, length: number, first: number, count: number): void {
    if (first + count > this.#table.length) this.#table.grow(Math.max(count, TABLE_STEP));
    const bytes = new Uint8Array(this.#memory.buffer, address, length);
    new WebAssembly.Instance(new WebAssembly.Module(bytes as unknown as BufferSource), this.imports);
  }

  release(first: number, count: number): void {
    for (let i = first; i < first + count; i++) this.#table.set(i, null);
  }
}

let compiled: WebAssembly.Module | undefined;

/** The CPU kernel as a module, compiled once a thread. Throws VizorError `host` when it has not been built. */
function cpuModule(): WebAssembly.Module {
  if (compiled !== undefined) return compiled;
  const file = new URL(import.meta.resolve('@vizor/asm/build/cpu.wasm'));
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(file));
  } catch (cause) {
    throw new VizorError('host', 'load CPU kernel', 'asm/build/cpu.wasm is not there', {
      hint: 'build it with `npm run build`',
      cause,
    });
  }
  compiled = new WebAssembly.Module(bytes);
  return compiled;
}

export function instantiateCpuKernel(memory: WebAssembly.Memory, host: CpuKernelHost): CpuKernel {
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE_STEP });
  const compiler = new Compiler(memory, table);
  const instance = new WebAssembly.Instance(cpuModule(), {
    env: { memory, table },
    host: {
      ...host,
      compile: (address: number, length: number, first: number, count: number) =>
        compiler.compile(address, length, first, count),
      release: (first: number, count: number) => compiler.release(first, count),
    },
  });
  const kernel = instance.exports as unknown as CpuKernel & CompiledCodeImports;
  compiler.imports = {
    k: {
      m: memory,
      t: table,
      a: kernel.executeFor,
      b: kernel.condition,
      c: kernel.overflows,
      d: kernel.setCarryOverflow,
    },
  };
  return kernel;
}
