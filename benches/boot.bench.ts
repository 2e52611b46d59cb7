// Debian's cloud kernel, uncompressed, from start to userspace: Vizor beside QEMU TCG, in turns.

import { type ChildRun, runChild } from './src/child.ts';
import { type Contender, contenders, type GuestFiles } from './src/contenders.ts';
import { linuxGuest, USERSPACE } from './src/linux-guest.ts';
import { benchOptions } from './src/options.ts';
import { writeFigures } from './src/report.ts';
import { formatSpread, type Spread, spread } from './src/statistics.ts';
import { formatTable } from './src/table.ts';

/** One boot, in seconds and MiB. */
interface Boot {
  readonly wall: number;
  readonly cpu: number;
  readonly wallAtExit: number;
  readonly cpuAtExit: number;
  readonly peak: number;
}

const MEASURES = Object.freeze({
  cpu: 'CPU s to userspace',
  wall: 'wall s to userspace',
  cpuAtExit: 'CPU s in all',
  wallAtExit: 'wall s in all',
  peak: 'peak RSS MiB',
});
type Measure = keyof typeof MEASURES;
const measures = Object.keys(MEASURES) as Measure[];

async function boot(contender: Contender, guest: GuestFiles): Promise<Boot> {
  const { command, args } = contender.command(guest);
  const run: ChildRun = await runChild(command, args);
  const userspace = run.lines.find((line) => line.text === USERSPACE);
  if (userspace === undefined || run.status !== 0) {
    const last = run.lines.slice(-5).map((line) => line.text);
    throw new Error(`${contender.name} did not boot (status ${run.status})\n${last.join('\n')}\n${run.stderr}`);
  }
  return {
    wall: userspace.at,
    cpu: userspace.cpu,
    wallAtExit: run.seconds,
    cpuAtExit: run.cpu.user + run.cpu.system,
    peak: run.peak / 2 ** 20,
  };
}

const { rounds, json } = benchOptions({ rounds: 3 });
await using guest = await linuxGuest('exec /bin/busybox poweroff -f');
const field = contenders();
const boots = new Map<Contender, Boot[]>(field.map((contender) => [contender, []]));
for (let round = 1; round <= rounds; round++) {
  for (const contender of field) {
    const result = await boot(contender, guest);
    boots.get(contender)!.push(result);
    process.stderr.write(`round ${round}, ${contender.name}: ${result.cpu.toFixed(2)} CPU s to userspace\n`);
  }
}

const results = field.map((contender) => {
  const taken = boots.get(contender)!;
  const spreads = measures.map((measure) => [measure, spread(taken.map((each) => each[measure]))] as const);
  return { name: contender.name, ...(Object.fromEntries(spreads) as Record<Measure, Spread>) };
});
const [subject, reference] = results;
const rows = measures.map((measure) => {
  const cells = results.map((result) => formatSpread(result[measure], measure === 'peak' ? 0 : 2));
  const ratio = reference && subject![measure].median / reference[measure].median;
  return [MEASURES[measure], ...cells, ...(ratio === undefined ? [] : [ratio.toFixed(2)])];
});
const headings = [`${rounds} boots, 512 MiB`, ...field.map(({ name }) => name), ...(reference ? ['ratio'] : [])];
process.stdout.write(`${formatTable(headings, rows)}\n`);
writeFigures('boot', json, { rounds, results });
