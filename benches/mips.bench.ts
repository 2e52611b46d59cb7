// Guest code of the project's own, the same image in Vizor and in QEMU TCG, in turns: instructions per second on tight,
// call-heavy and realistic code, and how speed falls as the working sets of code and data grow.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Line, runChild } from './src/child.ts';
import { type Contender, contenders } from './src/contenders.ts';
import { countInstructions } from './src/count-instructions.ts';
import { buildImage, type Image, MARK, type Workload } from './src/guest/image.ts';
import { MEMORY_MIB } from './src/guest/layout.ts';
import { CODE_PAGES, codeSweep, DATA_PAGES, DATA_SWEEP_READS, dataSweep, KERNELS } from './src/guest/workloads.ts';
import { benchOptions } from './src/options.ts';
import { plotSvg, type Series } from './src/plot.ts';
import { writeFigures, writeReport } from './src/report.ts';
import { formatSpread, type Spread, spread } from './src/statistics.ts';
import { formatTable } from './src/table.ts';

/** How often an image runs each workload; the first run is for the contender to warm up. */
const RUNS = 3;

/** A run of an image: CPU seconds of each run of each workload, [workload][run], and the marks that the guest made. */
interface ImageRun {
  readonly seconds: number[][];
  readonly marks: string;
}

const MARK_LINE = new RegExp(`^${RegExp.escape(MARK)}[a-p]{8}$`);

/** Run an image once and take CPU times when its marks arrive here: a busy host disturbs them less than wall time. */
async function runImage(contender: Contender, kernel: string, image: Image): Promise<ImageRun> {
  const { command, args } = contender.command({ kernel, cmdline: '', memory: MEMORY_MIB });
  const marks: Line[] = [];
  const run = await runChild(command, args, (line, child) => {
    if (MARK_LINE.test(line.text)) marks.push(line);
    if (marks.length === image.marks) child.kill();
  });
  if (marks.length !== image.marks) {
    throw new Error(`${contender.name} made ${marks.length} marks (status ${run.status})\n${run.stderr}`);
  }
  const seconds = Array.from({ length: (image.marks - 1) / RUNS }, (_, workload) =>
    Array.from({ length: RUNS }, (_, i) => marks[workload * RUNS + i + 1]!.cpu - marks[workload * RUNS + i]!.cpu),
  );
  return { seconds, marks: marks.map((line) => line.text).join('') };
}

/** A workload's CPU seconds (the warm-up left out) and its instructions, per run. */
interface Figure {
  readonly workload: string;
  readonly instructions: number;
  readonly seconds: Record<string, Spread>;
}

/** Run workloads in all contenders, in turns. */
async function compare(
  title: string,
  workloads: readonly Workload[],
  field: readonly Contender[],
  rounds: number,
): Promise<Figure[]> {
  const image = buildImage(workloads, RUNS);
  const counts = countInstructions(image);
  const kernel = join(folder, 'image.elf');
  await writeFile(kernel, image.elf);
  const samples = new Map<Contender, ImageRun[]>(field.map((contender) => [contender, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contender of field) {
      process.stderr.write(`${title}: round ${round}, ${contender.name}\n`);
      samples.get(contender)!.push(await runImage(contender, kernel, image));
    }
  }
  const results = new Set([...samples.values()].flat().map(({ marks }) => marks));
  if (results.size > 1) throw new Error(`${title}: not all runs computed the same`);
  return workloads.map((workload, i) => ({
    workload: workload.name,
    instructions: counts[i * RUNS + 1]!,
    seconds: Object.fromEntries(
      field.map((contender) => [
        contender.name,
        spread(samples.get(contender)!.flatMap(({ seconds }) => seconds[i]!.slice(1))),
      ]),
    ),
  }));
}

/** Millions of guest instructions a second. */
function mips({ instructions }: Figure, { median, min, max }: Spread): Spread {
  const rate = (seconds: number) => instructions / seconds / 1e6;
  return { median: rate(median), min: rate(max), max: rate(min) };
}

/** Print a table of one quantity of some figures, with the ratio of the first contender's to the second's. */
function show(
  heading: string,
  figures: readonly Figure[],
  digits: number,
  of: (figure: Figure, seconds: Spread) => Spread,
): void {
  const names = Object.keys(figures[0]!.seconds);
  const rows = figures.map((figure) => {
    const spreads = names.map((name) => of(figure, figure.seconds[name]!));
    const [subject, reference] = spreads;
    const ratio = reference === undefined ? [] : [(subject!.median / reference.median).toFixed(2)];
    return [figure.workload, ...spreads.map((each) => formatSpread(each, digits)), ...ratio];
  });
  process.stdout.write(`${formatTable([heading, ...names, ...(names.length > 1 ? ['ratio'] : [])], rows)}\n\n`);
}

function curves(figures: readonly Figure[], of: (figure: Figure, seconds: Spread) => Spread): Series[] {
  return Object.keys(figures[0]!.seconds).map((name) => ({
    name,
    points: figures.map((figure) => [Number(figure.workload), of(figure, figure.seconds[name]!).median] as const),
  }));
}

/** Nanoseconds a read of the data sweep, with the three instructions of its loop around it. */
function nsPerRead(_figure: Figure, { median, min, max }: Spread): Spread {
  const each = (seconds: number) => (seconds / DATA_SWEEP_READS) * 1e9;
  return { median: each(median), min: each(min), max: each(max) };
}

const { rounds, json } = benchOptions({ rounds: 3 });
const field = contenders();
const folder = await mkdtemp(join(tmpdir(), 'vizor-bench-'));
try {
  const kernels = await compare('k1–k3', KERNELS, field, rounds);
  const code = await compare('code sweep', CODE_PAGES.map(codeSweep), field, rounds);
  const data = await compare('data sweep', DATA_PAGES.map(dataSweep), field, rounds);
  show('MIPS', kernels, 0, mips);
  show('MIPS by pages of code', code, 0, mips);
  show('ns a read by pages of data', data, 1, nsPerRead);
  const plots = [
    writeReport(
      'code-working-set.svg',
      plotSvg({ title: 'Speed by working set of code', x: 'pages of code', y: 'MIPS' }, curves(code, mips)),
    ),
    writeReport(
      'data-working-set.svg',
      plotSvg({ title: 'Cost of a read by working set of data', x: 'pages of data', y: 'ns' }, curves(data, nsPerRead)),
    ),
  ];
  process.stdout.write(`plots: ${plots.join(', ')}\n`);
  writeFigures('mips', json, { rounds, kernels, code, data });
} finally {
  await rm(folder, { recursive: true, force: true });
}
