#!/usr/bin/env node
import { STATUS } from './exit-status.ts';
import { describeFailure, errorCode } from './files.ts';
import { runCli } from './program.ts';

let outputFailure: Error | undefined;
// A reader that goes away (`vizor images | head -1`) is no failure; a full disk is one.
process.stdout.on('error', (error) => {
  if (errorCode(error) !== 'EPIPE') outputFailure ??= error;
});
process.stderr.on('error', () => {});

let status = await runCli(process.argv.slice(2));
// A failed write is told of on the next turn of the event loop.
await new Promise((resolve) => setImmediate(resolve));
if (outputFailure !== undefined && status === STATUS.OK) {
  process.stderr.write(`vizor: standard output: ${describeFailure(outputFailure)}\n`);
  status = STATUS.VIZOR_FAILED;
}
// Ends the process although stdin may still be open.
process.exit(status);
