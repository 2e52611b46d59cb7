import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { VizorError } from '@vizor/core';
import { describeFailure, errorCode } from './files.ts';
import type { SerialTarget } from './options/run.ts';

/** Takes what the guest sends over its serial port. */
export interface SerialSink extends AsyncDisposable {
  /** Resolves when there is room for more; false when nobody reads any more. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Did the last byte end a line? */
  readonly atLineStart: boolean;
}

/** A stream as a sink. A reader that went away (`vizor run | head`) ends it quietly; other failures throw. */
class StreamSink implements SerialSink {
  readonly #stream: Writable;
  readonly #what: string;
  readonly #owned: boolean;
  #failure: Error | undefined;
  atLineStart = true;

  constructor(stream: Writable, what: string, owned: boolean) {
    this.#stream = stream;
    this.#what = what;
    this.#owned = owned;
    stream.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    this.atLineStart = bytes.length === 0 ? this.atLineStart : bytes.at(-1) === 0x0a;
    const error = await new Promise<Error | null | undefined>((resolve) => this.#stream.write(bytes, resolve));
    this.#failure ??= error ?? undefined;
    if (this.#failure === undefined) return true;
    if (errorCode(this.#failure) === 'EPIPE') return false;
    throw new VizorError('host', this.#what, describeFailure(this.#failure), { cause: this.#failure });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#owned) await new Promise<void>((resolve) => this.#stream.end(() => resolve()));
  }
}

/** A sink for {@link RunOptions.serial}. A file is opened, and emptied, here and now: what is wrong with it shows first. */
export async function openSerialSink(target: SerialTarget, stdout: Writable): Promise<SerialSink> {
  if (target.kind === 'stdio') return new StreamSink(stdout, 'standard output', false);
  if (target.kind === 'null') {
    return { atLineStart: true, write: async () => true, async [Symbol.asyncDispose]() {} };
  }
  const what = `--serial ${target.path}`;
  try {
    const handle = await open(target.path, 'w');
    return new StreamSink(createWriteStream('', { fd: handle }), what, true);
  } catch (error) {
    throw new VizorError('host', what, describeFailure(error), { cause: error });
  }
}
