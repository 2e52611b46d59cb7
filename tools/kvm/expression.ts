/** What an expression may refer to. */
export interface Scope {
  /** A macro's body or an enumerator's value. */
  constant(name: string): string | bigint | undefined;
  sizeOf(type: string): number | undefined;
}

/** Request numbers of `ioctl` (asm-generic/ioctl.h): direction, size of the structure, type and number. */
const DIRECTIONS: Readonly<Record<string, bigint>> = Object.freeze({ _IO: 0n, _IOW: 1n, _IOR: 2n, _IOWR: 3n });
const MASK32 = 0xffff_ffffn;

/** Value of a C constant expression, or undefined when it is none (a string, an attribute, a name of something else). */
export function evaluate(expression: string, scope: Scope): bigint | undefined {
  const tokens = expression.match(/0[xX][0-9a-fA-F]+\w*|\d+\w*|\w+|<<|>>|\S/g) ?? [];
  if (tokens.length === 0) return undefined;
  try {
    const reader = new Reader(tokens, scope);
    const value = reader.or();
    return reader.done ? value : undefined;
  } catch (error) {
    if (error instanceof NotConstant) return undefined;
    throw error;
  }
}

class NotConstant extends Error {}

class Reader {
  readonly #tokens: readonly string[];
  readonly #scope: Scope;
  #at = 0;

  constructor(tokens: readonly string[], scope: Scope) {
    this.#tokens = tokens;
    this.#scope = scope;
  }

  get done(): boolean {
    return this.#at === this.#tokens.length;
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) throw new NotConstant();
  }

  or(): bigint {
    let value = this.#shift();
    while (this.#accept('|')) value |= this.#shift();
    return value;
  }

  #shift(): bigint {
    let value = this.#sum();
    while (this.#accept('<<')) value <<= this.#sum();
    return value;
  }

  #sum(): bigint {
    let value = this.#product();
    for (;;) {
      if (this.#accept('+')) value += this.#product();
      else if (this.#accept('-')) value -= this.#product();
      else return value;
    }
  }

  #product(): bigint {
    let value = this.#primary();
    while (this.#accept('/')) value /= this.#primary();
    return value;
  }

  #primary(): bigint {
    if (this.#accept('(')) {
      if (this.#accept('__u32')) {
        this.#expect(')');
        return BigInt.asUintN(32, this.#primary());
      }
      const value = this.or();
      this.#expect(')');
      return value;
    }
    if (this.#accept('-')) return -this.#primary();
    const token = this.#tokens[this.#at++] ?? '';
    if (/^\d/.test(token)) return BigInt(token.replace(/[uUlL]+$/, ''));
    if (token === '_BITUL' || token === '_BITULL') {
      this.#expect('(');
      const bit = this.or();
      this.#expect(')');
      return 1n << bit;
    }
    if (token in DIRECTIONS) return this.#request(DIRECTIONS[token]);
    const constant = this.#scope.constant(token);
    const value = typeof constant === 'string' ? evaluate(constant, this.#scope) : constant;
    if (value === undefined) throw new NotConstant();
    return value;
  }

  #request(direction: bigint): bigint {
    this.#expect('(');
    const type = this.or();
    this.#expect(',');
    const number = this.or();
    let size = 0;
    if (this.#accept(',')) {
      const from = this.#at;
      while (!this.done && this.#tokens[this.#at] !== ')') this.#at += 1;
      const found = this.#scope.sizeOf(this.#tokens.slice(from, this.#at).join(' '));
      if (found === undefined) throw new NotConstant();
      size = found;
    }
    this.#expect(')');
    return ((direction << 30n) | (BigInt(size) << 16n) | (type << 8n) | number) & MASK32;
  }
}
