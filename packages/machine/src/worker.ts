// The machine's worker: makes the machine, waits for the word to run, runs it to its end.
import { parentPort, workerData } from 'node:worker_threads';
import { VizorError } from '@vizor/core';
import { Machine } from './machine.ts';
import { Mailbox } from './mailbox.ts';
import type { WorkerMessage, WorkerStart } from './protocol.ts';

const port = parentPort!;
const { options, mailbox, debug } = workerData as WorkerStart;

function tell(message: WorkerMessage): void {
  port.postMessage(message);
}

try {
  const machine = await Machine.create(options, new Mailbox(mailbox), {
    serial: (bytes) => tell({ type: 'output', bytes }),
    ...(debug ? { debug: (bytes) => tell({ type: 'debug', bytes }) } : {}),
  });
  port.once('message', () => tell({ type: 'ended', result: machine.run() }));
  tell({ type: 'ready' });
} catch (error) {
  if (!(error instanceof VizorError)) throw error;
  tell({ type: 'failed', error: error.toData() });
}
