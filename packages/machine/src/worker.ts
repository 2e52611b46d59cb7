// The machine's worker: makes the machine that the first message describes, and runs it to its end when the second comes.
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { VizorError } from '@vizor/core';
import { release } from '@vizor/loader';
import { Machine } from './machine.ts';
import { Mailbox } from './mailbox.ts';
import type { WorkerMessage, WorkerStart } from './protocol.ts';

const port = parentPort!;

function tell(message: WorkerMessage): void {
  port.postMessage(message);
}

async function make({ options, mailbox, debug }: WorkerStart): Promise<Machine> {
  const machine = await Machine.create(options, new Mailbox(mailbox), {
    serial: (bytes) => tell({ type: 'output', bytes }),
    ...(debug ? { debug: (bytes) => tell({ type: 'debug', bytes }) } : {}),
  });
  release(options.kernel);
  if (options.initramfs !== undefined) release(options.initramfs);
  return machine;
}

try {
  const [start] = (await once(port, 'message')) as [WorkerStart];
  const machine = await make(start);
  port.once('message', () => tell({ type: 'ended', result: machine.run() }));
  tell({ type: 'ready' });
} catch (error) {
  if (!(error instanceof VizorError)) throw error;
  tell({ type: 'failed', error: error.toData() });
}
