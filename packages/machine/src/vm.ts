import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { VizorError } from '@vizor/core';
import { Mailbox } from './mailbox.ts';
import type { VmOptions } from './options.ts';
import { OutputStream } from './output-stream.ts';
import type { WorkerMessage, WorkerStart } from './protocol.ts';
import type { RunResult } from './result.ts';

/** The guest's first serial port. */
export interface VmConsole {
  /**
   * What the guest sends; closes when the run has ended. A guest is held back while a megabyte of it is unread: read it,
   * or `cancel()` it if nobody wants it.
   */
  readonly output: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Bytes for the guest to receive. */
  write(bytes: Uint8Array): void;
}

/** How often input is offered again that the guest had no room for. */
const RETRY_MS = 10;

/**
 * A virtual machine, as the program that embeds it sees it. The machine itself lives in a worker of its own; this
 * object only talks to it, so the caller's event loop is never blocked.
 *
 *     await using vm = await VM.create({ memory: 512 * 2 ** 20, cpus: 1, kernel, cmdline: 'console=ttyS0', accel: 'auto' });
 *     vm.console.output.pipeTo(…);
 *     const { reason } = await vm.run();
 */
export class VM implements AsyncDisposable {
  readonly console: VmConsole;
  readonly #worker: Worker;
  readonly #mailbox: Mailbox;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.stop();
  readonly #output: OutputStream;
  readonly #debug: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
  #input: Uint8Array[] = [];
  #retry: NodeJS.Timeout | undefined;

  private constructor(worker: Worker, mailbox: Mailbox, options: Pick<VmOptions, 'debug' | 'signal'>) {
    this.#worker = worker;
    this.#mailbox = mailbox;
    this.#signal = options.signal;
    this.#debug = options.debug;
    this.#output = new OutputStream((bytes) => mailbox.consumed(bytes));
    this.console = { output: this.#output.readable, write: (bytes) => this.#write(bytes) };
    options.signal?.addEventListener('abort', this.#onAbort);
    if (options.signal?.aborted) this.stop();
  }

  /** @throws VizorError when the options or the images cannot make a machine */
  static async create(options: VmOptions): Promise<VM> {
    if (options.cpus !== 1) {
      throw new VizorError('unsupported', 'machine', `this build runs one vCPU, not ${options.cpus}`, {
        hint: 'leave out --cpus',
      });
    }
    const { accel: _, signal, debug, detach, ...machine } = options;
    const mailbox = new Mailbox();
    const start: WorkerStart = { options: machine, mailbox: mailbox.buffer, debug: debug !== undefined };
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    worker.postMessage(start, detach === true ? ownBuffers(machine.kernel, machine.initramfs) : []);
    const [message] = (await once(worker, 'message')) as [WorkerMessage];
    if (message.type === 'failed') {
      await worker.terminate();
      throw VizorError.revive(message.error);
    }
    return new VM(worker, mailbox, options);
  }

  /** Run until the guest ends or {@link stop} is called. A machine runs once. */
  async run(): Promise<RunResult> {
    const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
    this.#worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'output') this.#output.push(message.bytes);
      else if (message.type === 'debug') this.#debug?.(message.bytes);
      else if (message.type === 'ended') resolve(message.result);
    });
    this.#worker.once('error', reject);
    this.#worker.once('exit', () => reject(new VizorError('host', 'machine', 'its worker ended before the guest did')));
    this.#worker.postMessage(null);
    try {
      return await promise;
    } finally {
      this.#output.end();
      clearTimeout(this.#retry);
    }
  }

  /** End the run with the reason `stopped`. */
  stop(): void {
    this.#mailbox.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#retry);
    await this.#worker.terminate();
  }

  /** Offer input to the guest; what it has no room for is offered again, in order. */
  #write(bytes: Uint8Array): void {
    this.#input.push(bytes);
    if (this.#retry === undefined) this.#offer();
  }

  #offer(): void {
    this.#retry = undefined;
    while (this.#input.length > 0) {
      const [next] = this.#input as [Uint8Array];
      const taken = this.#mailbox.post(next);
      if (taken < next.length) {
        this.#input[0] = next.subarray(taken);
        this.#retry = setTimeout(() => this.#offer(), RETRY_MS);
        return;
      }
      this.#input.shift();
    }
  }
}

/** The buffers that hold these bytes and nothing else. */
function ownBuffers(...images: (Uint8Array | undefined)[]): ArrayBuffer[] {
  return images.flatMap((image) =>
    image !== undefined && image.buffer instanceof ArrayBuffer && image.byteLength === image.buffer.byteLength
      ? [image.buffer]
      : [],
  );
}
