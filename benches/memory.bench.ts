// What a 512 MiB guest costs in resident memory once it has booted, above what it touched itself.

import { RAM_BASE_MIN } from '@vizor/asm/layout/memory';
import { anonymousMappings, countNonZero, residentPages } from './src/address-space.ts';
import { runChild } from './src/child.ts';
import { type GuestFiles, vizor } from './src/contenders.ts';
import { linuxGuest, USERSPACE } from './src/linux-guest.ts';
import { benchOptions } from './src/options.ts';
import { residentMemory } from './src/process-stat.ts';
import { writeFigures } from './src/report.ts';
import { formatSpread, spread } from './src/statistics.ts';
import { formatTable } from './src/table.ts';

const MIB = 2 ** 20;
const PAGE = 4096;
/** The guest has settled, and V8 has done what it does behind a program's back. */
const SETTLE_MS = 1500;

/** MiB. */
interface Memory {
  /** Resident memory of the whole process. */
  readonly resident: number;
  /** Resident pages of guest RAM: what the guest, or the loader for it, touched. */
  readonly touched: number;
  /** Those that hold anything but zeros. */
  readonly nonZero: number;
  /** Resident pages of the kernels' part of the linear memory: the vCPU, decoded code. */
  readonly kernels: number;
}

function look(pid: number, guest: GuestFiles): Memory {
  const ramSize = guest.memory * MIB;
  const linear = anonymousMappings(pid).find(({ size }) => size >= RAM_BASE_MIN + ramSize);
  if (linear === undefined) throw new Error('the linear memory was not found among the mappings');
  const pages = residentPages(pid, { start: linear.start, size: RAM_BASE_MIN + ramSize });
  const ram = pages.filter((page) => page >= linear.start + RAM_BASE_MIN);
  return {
    resident: residentMemory(pid).now / MIB,
    touched: (ram.length * PAGE) / MIB,
    nonZero: (countNonZero(pid, ram) * PAGE) / MIB,
    kernels: ((pages.length - ram.length) * PAGE) / MIB,
  };
}

/** Boot a guest that then sleeps, look at the process, end it. */
async function measure(guest: GuestFiles): Promise<Memory> {
  const { command, args } = vizor().command(guest);
  let memory: Memory | undefined;
  const run = await runChild(command, args, ({ text }, child) => {
    if (text !== USERSPACE) return;
    setTimeout(() => {
      memory = look(child.pid!, guest);
      child.kill();
    }, SETTLE_MS);
  });
  if (memory === undefined) throw new Error(`the guest did not boot\n${run.stderr}`);
  return memory;
}

/** Resident MiB of a Node that does nothing. */
async function bareNode(): Promise<number> {
  const script = "console.log('ready'); setTimeout(() => {}, 60_000)";
  let resident = 0;
  await runChild(process.execPath, ['--eval', script], (_line, child) => {
    resident = residentMemory(child.pid!).now / MIB;
    child.kill();
  });
  return resident;
}

const { rounds, json } = benchOptions({ rounds: 1 });
await using guest = await linuxGuest('exec /bin/busybox sleep 1000');
const node = await bareNode();
const taken: Memory[] = [];
for (let round = 1; round <= rounds; round++) {
  process.stderr.write(`round ${round}\n`);
  taken.push(await measure(guest));
}
const of = (figure: (memory: Memory) => number) => spread(taken.map(figure));
const results = {
  resident: of(({ resident }) => resident),
  touched: of(({ touched }) => touched),
  nonZero: of(({ nonZero }) => nonZero),
  above: of(({ resident, touched }) => resident - touched),
  kernels: of(({ kernels }) => kernels),
  rest: of(({ resident, touched, kernels }) => resident - touched - kernels),
};
const rows = [
  ['resident memory of the process', results.resident],
  ['guest RAM that is resident', results.touched],
  ['… of it not zero', results.nonZero],
  ['resident above what the guest touched (goal: at most 200)', results.above],
  ['… of it vCPU and decoded code', results.kernels],
  ['… of it Node, V8 and their threads', results.rest],
  ['a Node that does nothing, for comparison', spread([node])],
] as const;
const cells = rows.map(([name, figure]) => [name, formatSpread(figure, 0)]);
process.stdout.write(`${formatTable(['after boot, 512 MiB guest', 'MiB'], cells)}\n`);
writeFigures('memory', json, { rounds, node, results });
