// Small guests in assembly (beside this file), run on the CPU kernel and on QEMU's TCG. They log to port 0xe9 and end by
// writing to port 0xf4.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CS, PENDING, SEG, SEG_SIZE, STOP } from '@vizor/asm/layout/cpu';
import { RAM_BASE_MIN, VCPU, WASM_PAGE } from '@vizor/asm/layout/memory';
import { instantiateCpuKernel } from '@vizor/kernels';

const RAM = 2 << 20;
const ROM = 0xf0000;
const DEBUG_PORT = 0xe9;
const EXIT_PORT = 0xf4;
/** Why `run` returns: see EXIT_* in asm/layout/cpu.ts. */
const SLICE = 0;
const SHUTDOWN = 3;

const available = (command: string): boolean => spawnSync(command, ['--version']).status === 0;

/** Why guests cannot be compared here, or undefined when they can. */
export const missing: string | undefined = ['nasm', 'qemu-system-x86_64'].find((command) => !available(command));

/** What a guest wrote, as 32-bit words, on QEMU and on the CPU kernel. */
export function runBoth(name: string): { qemu: number[]; kernel: number[] } {
  const directory = mkdtempSync(join(tmpdir(), 'vizor-guest-'));
  try {
    const image = join(directory, 'image');
    const guests = import.meta.dirname;
    execFileSync('nasm', ['-f', 'bin', '-I', `${guests}/`, '-o', image, join(guests, `${name}.asm`)]);
    return { qemu: words(runQemu(image, join(directory, 'log'))), kernel: words(runKernel(readFileSync(image))) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function runQemu(image: string, log: string): Uint8Array {
  const machine = ['-accel', 'tcg', '-cpu', 'qemu64', '-m', '64', '-display', 'none', '-no-reboot', '-bios', image];
  const devices = ['-debugcon', `file:${log}`, '-device', `isa-debug-exit,iobase=${EXIT_PORT}`];
  spawnSync('qemu-system-x86_64', [...machine, ...devices, '-monitor', 'none', '-serial', 'none'], { timeout: 50_000 });
  return readFileSync(log);
}

function runKernel(image: Uint8Array): Uint8Array {
  const memory = new WebAssembly.Memory({
    initial: (RAM_BASE_MIN + RAM) / WASM_PAGE,
    maximum: 0x10000,
    shared: true,
  });
  const view = new DataView(memory.buffer);
  const log: number[] = [];
  const kernel = instantiateCpuKernel(memory, {
    pioRead: () => 0xff,
    pioWrite: (port, _size, value) => {
      if (port === DEBUG_PORT) log.push(value & 0xff);
      if (port !== EXIT_PORT) return;
      view.setUint32(VCPU + STOP, 1, true);
      view.setUint32(VCPU + PENDING, 1, true);
    },
    mmioRead: () => 0xffffffff,
    mmioWrite: () => {},
    now: () => 0,
    acknowledge: () => 0xff,
    endOfInterrupt: () => {},
  });
  kernel.create(VCPU, RAM_BASE_MIN, RAM, 0);
  new Uint8Array(memory.buffer, RAM_BASE_MIN + ROM).set(image);
  // There is no ROM at the top of 4 GiB: begin in the copy below 1 MiB.
  view.setBigUint64(VCPU + SEG + CS * SEG_SIZE, BigInt(ROM), true);
  for (let slice = 0; slice < 1000; slice++) {
    const reason = kernel.run(VCPU, 1_000_000);
    if (reason === SHUTDOWN) throw new Error('the guest ended in a triple fault');
    if (reason !== SLICE) return Uint8Array.from(log);
  }
  throw new Error('the guest does not end');
}

function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength & ~3);
  return Array.from({ length: view.byteLength / 4 }, (_, index) => view.getUint32(index * 4, true));
}

/** Split a log at its case marks (0xee000000 + number). */
export function cases(log: readonly number[]): number[][] {
  const list: number[][] = [];
  for (const word of log) {
    if (word >>> 24 === 0xee) list.push([]);
    list.at(-1)?.push(word);
  }
  return list;
}
