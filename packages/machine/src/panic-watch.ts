const PANIC = new TextEncoder().encode('Kernel panic - not syncing');

/** Notices in a console's bytes that a Linux kernel panicked. */
export class PanicWatch {
  #matched = 0;
  #seen = false;

  get seen(): boolean {
    return this.#seen;
  }

  write(byte: number): void {
    // The text's first byte occurs nowhere else in it, so a mismatch can only begin a new match with this byte.
    this.#matched = byte === PANIC[this.#matched] ? this.#matched + 1 : byte === PANIC[0] ? 1 : 0;
    if (this.#matched < PANIC.length) return;
    this.#seen = true;
    this.#matched = 0;
  }
}
