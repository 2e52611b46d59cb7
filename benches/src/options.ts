import { parseArgs } from 'node:util';

/** What every benchmark takes on its command line. */
export interface BenchOptions {
  /** How often each contender runs. */
  rounds: number;
  /** Where the figures go as JSON. */
  json: string | undefined;
}

/** Parse the command line; on a mistake say how to do it and end the process. */
export function benchOptions(defaults: { rounds: number }): BenchOptions {
  try {
    const { values } = parseArgs({ options: { rounds: { type: 'string' }, json: { type: 'string' } } });
    const rounds = values.rounds === undefined ? defaults.rounds : Number(values.rounds);
    if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error(`--rounds must be a positive number`);
    return { rounds, json: values.json };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\nusage: [--rounds N] [--json FILE]\n`);
    process.exit(2);
  }
}
