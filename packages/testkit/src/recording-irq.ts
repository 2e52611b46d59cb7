import type { IrqLine } from '@vizor/core';

/** An interrupt pin that remembers. */
export class RecordingIrq implements IrqLine {
  level = false;
  /** Low-to-high transitions so far. */
  rises = 0;
  /** Called on every low-to-high transition. */
  readonly #onRise: () => void;

  constructor(onRise: () => void = () => {}) {
    this.#onRise = onRise;
  }

  set(level: boolean): void {
    const rising = level && !this.level;
    this.level = level;
    if (!rising) return;
    this.rises++;
    this.#onRise();
  }
}
