/**
 * What a guest sends, as a stream for the embedder to read. Chunks wait here until they are read; `consumed` hears of each,
 * so that the machine can hold the guest back while too much waits. Cancelling the stream throws the rest away.
 */
export class OutputStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #consumed: (bytes: number) => void;
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #wanted = false;
  #ended = false;
  #cancelled = false;

  constructor(consumed: (bytes: number) => void) {
    this.#consumed = consumed;
    this.readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#wanted = true;
          this.#hand();
        },
        cancel: () => {
          this.#cancelled = true;
          for (const chunk of this.#waiting.splice(0)) this.#consumed(chunk.length);
        },
      },
      { highWaterMark: 0 },
    );
  }

  push(chunk: Uint8Array<ArrayBuffer>): void {
    if (this.#cancelled) {
      this.#consumed(chunk.length);
      return;
    }
    this.#waiting.push(chunk);
    this.#hand();
  }

  /** Close once everything has been read. */
  end(): void {
    this.#ended = true;
    this.#hand();
  }

  #hand(): void {
    if (this.#cancelled) return;
    const chunk = this.#wanted ? this.#waiting.shift() : undefined;
    if (chunk !== undefined) {
      this.#wanted = false;
      this.#controller.enqueue(chunk);
      this.#consumed(chunk.length);
    }
    if (this.#ended && this.#waiting.length === 0) {
      this.#ended = false;
      this.#controller.close();
    }
  }
}
