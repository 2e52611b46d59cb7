/** Bytes are handed on in one piece at a newline, when there are this many, and when asked. */
const BATCH = 4096;
const NEWLINE = 0x0a;

/** Gathers a device's bytes, so that a message carries a line rather than a character. */
export class ByteBatch {
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #bytes = new Uint8Array(BATCH);
  #length = 0;

  constructor(send: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#send = send;
  }

  write(byte: number): void {
    this.#bytes[this.#length++] = byte;
    if (this.#length === BATCH || byte === NEWLINE) this.flush();
  }

  flush(): void {
    if (this.#length === 0) return;
    this.#send(this.#bytes.slice(0, this.#length));
    this.#length = 0;
  }
}
