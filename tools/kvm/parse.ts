// Reads C headers as far as the kernel's UAPI headers of KVM go: conditionals, object-like macros, enums, structures
// with nested and anonymous members, arrays and flexible arrays. Sizes and offsets follow the System V ABI for x86-64.

import { evaluate } from './expression.ts';

/** What a member holds. */
export type MemberType =
  | { readonly kind: 'scalar'; readonly size: 1 | 2 | 4 | 8; readonly signed: boolean }
  | { readonly kind: 'record'; readonly record: RecordType };

export interface Member {
  /** Empty for an anonymous structure or union, whose members count as its parent's. */
  readonly name: string;
  readonly type: MemberType;
  readonly offset: number;
  /** Array dimensions, outermost first. */
  readonly dimensions: readonly number[];
  /** The last member, an array of no declared length. */
  readonly flexible: boolean;
}

export interface RecordType {
  /** The tag, or empty. */
  readonly name: string;
  readonly union: boolean;
  readonly size: number;
  readonly align: number;
  readonly members: readonly Member[];
  /** It holds bit-fields, whose places are not told apart. */
  readonly bitfields: boolean;
}

export interface Header {
  /** Object-like macros and enumerators that are numbers. */
  readonly constants: ReadonlyMap<string, bigint>;
  /** Macros that are numbers of `ioctl` requests. */
  readonly requests: ReadonlyMap<string, bigint>;
  readonly structs: ReadonlyMap<string, RecordType>;
}

const SCALARS: Readonly<Record<string, MemberType>> = Object.freeze({
  __u8: { kind: 'scalar', size: 1, signed: false },
  __s8: { kind: 'scalar', size: 1, signed: true },
  char: { kind: 'scalar', size: 1, signed: false },
  __u16: { kind: 'scalar', size: 2, signed: false },
  __s16: { kind: 'scalar', size: 2, signed: true },
  __u32: { kind: 'scalar', size: 4, signed: false },
  __s32: { kind: 'scalar', size: 4, signed: true },
  int: { kind: 'scalar', size: 4, signed: true },
  'unsigned int': { kind: 'scalar', size: 4, signed: false },
  __u64: { kind: 'scalar', size: 8, signed: false },
  __s64: { kind: 'scalar', size: 8, signed: true },
  'unsigned long': { kind: 'scalar', size: 8, signed: false },
});
const POINTER: MemberType = { kind: 'scalar', size: 8, signed: false };

/** Parse headers in the order in which the compiler would see them. */
export function parseHeaders(sources: readonly string[]): Header {
  const macros = new Map<string, string>();
  const text = sources.map((source) => preprocess(source, macros)).join('\n');
  const parser = new Parser(tokenize(text), macros);
  parser.run();
  const constants = new Map<string, bigint>(parser.enumerators);
  const requests = new Map<string, bigint>();
  for (const [name, body] of macros) {
    const value = evaluate(body, parser.scope);
    if (value !== undefined) (/^_IO[RW]*\(/.test(body) ? requests : constants).set(name, value);
  }
  return { constants, requests, structs: parser.structs };
}

/** Drop comments and untaken conditionals, and collect macros. Function-like macros of one argument pass it through. */
function preprocess(source: string, macros: Map<string, string>): string {
  const lines = source
    .replace(/\\\n/g, ' ')
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/\bHINT_UNSAFE_IN_KVM\((\w+)\)/g, '$1')
    .split('\n');
  const taken: boolean[] = [];
  const kept: string[] = [];
  for (const line of lines) {
    const [, directive, rest = ''] = /^\s*#\s*(\w+)\s*(.*)$/.exec(line) ?? [];
    if (directive === undefined) {
      if (taken.every(Boolean)) kept.push(line);
    } else if (directive === 'ifdef') taken.push(macros.has(rest.trim()));
    else if (directive === 'ifndef') taken.push(!macros.has(rest.trim()));
    else if (directive === 'else') taken.push(!taken.pop());
    else if (directive === 'endif') taken.pop();
    else if (directive === 'define' && taken.every(Boolean)) {
      const [, name, parameters, body] = /^(\w+)(\([^)]*\))?\s*(.*)$/.exec(rest) ?? [];
      // An enumerator's macro of its own name says only that it is there.
      if (name !== undefined && parameters === undefined && body.trim() !== name) macros.set(name, body.trim());
    } else if (directive !== 'define' && directive !== 'include') throw new Error(`cannot read: ${line}`);
  }
  return kept.join('\n');
}

function tokenize(text: string): string[] {
  return text.match(/\w+|<<|>>|[{}()[\];:,=*+\-/|&~]/g) ?? [];
}

const roundUp = (value: number, align: number): number => Math.ceil(value / align) * align;

class Parser {
  readonly structs = new Map<string, RecordType>();
  readonly enumerators = new Map<string, bigint>();
  readonly scope = {
    constant: (name: string): string | bigint | undefined => this.enumerators.get(name) ?? this.#macros.get(name),
    sizeOf: (type: string): number | undefined => this.#sizeOf(type),
  };
  readonly #tokens: readonly string[];
  readonly #macros: ReadonlyMap<string, string>;
  #at = 0;

  constructor(tokens: readonly string[], macros: ReadonlyMap<string, string>) {
    this.#tokens = tokens;
    this.#macros = macros;
  }

  run(): void {
    while (this.#at < this.#tokens.length) {
      const token = this.#tokens[this.#at];
      if (token === 'struct' || token === 'union') this.#recordDefinition();
      else if (token === 'enum') this.#enumDefinition();
      else throw new Error(`unexpected ${token} at top level`);
    }
  }

  #next(expected?: string): string {
    const token = this.#tokens[this.#at++];
    if (expected !== undefined && token !== expected) throw new Error(`expected ${expected}, found ${token}`);
    return token;
  }

  #peek(): string {
    return this.#tokens[this.#at];
  }

  #accept(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  #sizeOf(type: string): number | undefined {
    const scalar = SCALARS[type];
    if (scalar?.kind === 'scalar') return scalar.size;
    return this.structs.get(type.replace(/^struct /, ''))?.size;
  }

  #number(tokens: readonly string[]): bigint {
    const value = evaluate(tokens.join(' '), this.scope);
    if (value === undefined) throw new Error(`not a constant: ${tokens.join(' ')}`);
    return value;
  }

  #until(...ends: string[]): string[] {
    const from = this.#at;
    while (!ends.includes(this.#peek())) this.#at += 1;
    return this.#tokens.slice(from, this.#at);
  }

  #recordDefinition(): void {
    const union = this.#next() === 'union';
    const name = this.#next();
    if (this.#peek() === '{') this.structs.set(name, this.#recordBody(name, union));
    this.#next(';');
  }

  #enumDefinition(): void {
    this.#next('enum');
    if (this.#peek() !== '{') this.#next();
    this.#next('{');
    let value = 0n;
    while (!this.#accept('}')) {
      const name = this.#next();
      if (this.#accept('=')) value = this.#number(this.#until(',', '}'));
      this.enumerators.set(name, value++);
      this.#accept(',');
    }
    this.#next(';');
  }

  #recordBody(name: string, union: boolean): RecordType {
    const layout = new Layout(name, union);
    this.#next('{');
    while (!this.#accept('}')) this.#declaration(layout);
    return layout.finish();
  }

  /** One line of a structure: a type and the members that have it. */
  #declaration(layout: Layout): void {
    if (this.#accept('__DECLARE_FLEX_ARRAY')) {
      this.#next('(');
      const type = this.#typeOf(this.#until(','));
      this.#next(',');
      layout.add(this.#next(), type, [], true);
      this.#next(')');
      this.#next(';');
      return;
    }
    const type = this.#type();
    if (this.#accept(';')) {
      layout.add('', type, [], false);
      return;
    }
    do {
      const pointer = this.#accept('*');
      const name = this.#next();
      if (this.#accept(':')) {
        layout.addBits(type, Number(this.#number(this.#until(',', ';'))));
        continue;
      }
      const dimensions: number[] = [];
      while (this.#accept('[')) {
        dimensions.push(Number(this.#number(this.#until(']'))));
        this.#next(']');
      }
      const flexible = dimensions[0] === 0;
      layout.add(name, pointer ? POINTER : type, flexible ? [] : dimensions, flexible);
    } while (this.#accept(','));
    this.#next(';');
  }

  #type(): MemberType {
    if (this.#peek() === 'struct' || this.#peek() === 'union') {
      const union = this.#next() === 'union';
      const name = this.#peek() === '{' ? '' : this.#next();
      if (this.#peek() === '{') return { kind: 'record', record: this.#recordBody(name, union) };
      return this.#typeOf(['struct', name]);
    }
    const words = [this.#next()];
    if (words[0] === 'unsigned') words.push(this.#next());
    if (words[0] === 'void') return POINTER;
    return this.#typeOf(words);
  }

  #typeOf(words: readonly string[]): MemberType {
    if (words[0] !== 'struct') {
      const scalar = SCALARS[words.join(' ')];
      if (scalar === undefined) throw new Error(`unknown type ${words.join(' ')}`);
      return scalar;
    }
    const record = this.structs.get(words[1]);
    if (record === undefined) throw new Error(`struct ${words[1]} is used before it is defined`);
    return { kind: 'record', record };
  }
}

/** Puts members one after the other (or, in a union, over each other), each at its alignment. */
class Layout {
  readonly #name: string;
  readonly #union: boolean;
  readonly #members: Member[] = [];
  #size = 0;
  #align = 1;
  #bits = 0;
  #bitfields = false;

  constructor(name: string, union: boolean) {
    this.#name = name;
    this.#union = union;
  }

  add(name: string, type: MemberType, dimensions: readonly number[], flexible: boolean): void {
    this.#endBits();
    const size = type.kind === 'scalar' ? type.size : type.record.size;
    const align = type.kind === 'scalar' ? type.size : type.record.align;
    const offset = this.#union ? 0 : roundUp(this.#size, align);
    const total = flexible ? 0 : dimensions.reduce((product, count) => product * count, size);
    this.#members.push({ name, type, offset, dimensions, flexible });
    this.#size = Math.max(this.#size, offset + total);
    this.#align = Math.max(this.#align, align);
  }

  /** Bit-fields of one byte each, as the I/O APIC's entries have them. */
  addBits(type: MemberType, bits: number): void {
    if (type.kind !== 'scalar' || type.size !== 1) throw new Error('bit-fields of bytes only');
    this.#bitfields = true;
    this.#bits += bits;
  }

  #endBits(): void {
    this.#size += this.#bits / 8;
    this.#bits = 0;
  }

  finish(): RecordType {
    this.#endBits();
    return {
      name: this.#name,
      union: this.#union,
      size: roundUp(this.#size, this.#align),
      align: this.#align,
      members: this.#members,
      bitfields: this.#bitfields,
    };
  }
}
