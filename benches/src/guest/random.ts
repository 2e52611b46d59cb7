/** Numbers that look random and are the same every time: xorshift32 (Marsaglia, "Xorshift RNGs", 2003). */
export class Random {
  #state: number;

  /** @param seed not 0 */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 0 to 2^32 − 1. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0 to `limit` − 1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}
