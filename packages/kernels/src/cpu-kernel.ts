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
  const instance = new WebAssembly.Instance(cpuModule(), { env: { memory }, host: { ...host } });
  return instance.exports as unknown as CpuKernel;
}
