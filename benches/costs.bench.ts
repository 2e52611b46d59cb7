// What single things cost the software CPU, in nanoseconds: guest loops on a vCPU without a machine around it.

import { Bench } from 'tinybench';
import { BareGuest } from './src/guest/bare-guest.ts';
import { buildCostGuest, DECODED, EMPTY, PORTS, VECTOR } from './src/guest/costs.ts';
import { GDT, systemTables } from './src/guest/layout.ts';
import { benchOptions } from './src/options.ts';
import { writeFigures } from './src/report.ts';
import { formatTable } from './src/table.ts';

/** Milliseconds that each loop is run for, a round. */
const TIME_MS = 150;

const { rounds, json } = benchOptions({ rounds: 1 });
const { loops, segments, decoded } = buildCostGuest(systemTables(), GDT);
const guest = new BareGuest(segments, {
  pioWrite(port) {
    if (port === PORTS.END) guest.vcpu.stop();
    else if (port === PORTS.INTERRUPT) guest.vcpu.setIntr(true);
  },
  acknowledgeInterrupt() {
    guest.vcpu.setIntr(false);
    return VECTOR;
  },
});

const bench = new Bench({ time: TIME_MS * rounds, warmupTime: TIME_MS });
for (const { name, entry } of loops) bench.add(name, () => guest.run(entry));
const code = guest.memory.read(decoded.gpa, decoded.length);
const WARM = 'straight code, decoded before';
const COLD = 'straight code, decoded anew';
bench.add(WARM, () => guest.run(decoded.entry));
bench.add(COLD, () => {
  guest.memory.write(decoded.gpa, code);
  guest.run(decoded.entry);
});
await bench.run();

/** Median nanoseconds of one pass of a task. */
function pass(name: string): number {
  const result = bench.getTask(name)?.result;
  if (result?.state !== 'completed') throw new Error(`${name} did not complete`);
  return result.latency.p50 * 1e6;
}

const [empty] = loops.filter(({ name }) => name === EMPTY).map(({ name, times }) => pass(name) / times);
const costs: [string, number][] = loops.map(({ name, times }) => [
  name,
  pass(name) / times - (name === EMPTY ? 0 : empty!),
]);
costs.push(['instruction of straight code', pass(WARM) / DECODED]);
costs.push(['decoding an instruction', (pass(COLD) - pass(WARM)) / DECODED]);
const rows = costs.map(([name, ns]) => [name, ns.toFixed(1)]);
process.stdout.write(`${formatTable(['cost', 'ns'], rows)}\n`);
writeFigures('costs', json, { ns: Object.fromEntries(costs) });
