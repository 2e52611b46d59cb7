/** Looks for one line's worth of text in a guest's output, whatever way that is cut into chunks. */
export class ChecksumWatch {
  readonly #wanted: string;
  #tail = '';
  #seen = false;

  constructor(wanted: string) {
    this.#wanted = wanted;
  }

  /** Has the guest shown it? */
  get seen(): boolean {
    return this.#seen;
  }

  feed(bytes: Uint8Array): void {
    if (this.#seen) return;
    const text = this.#tail + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    this.#seen = text.includes(this.#wanted);
    this.#tail = text.slice(-this.#wanted.length);
  }
}
