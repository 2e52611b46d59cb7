// Structures of the kernel's ABI as values: where each field lies and how to read and write it. `generated/structs.ts`
// is made of these, and TypeScript derives the type of a structure's contents from them.

/** Bytes of a structure somewhere in memory. */
export type View = DataView<ArrayBufferLike>;

/** One field: where it lies in its structure, and its value there when the structure starts at `base`. */
export interface Field<T = unknown> {
  readonly offset: number;
  /** Bytes; 0 for an array that runs on to the end of the structure. */
  readonly size: number;
  /** An alternative member of a union. The first one stands for the union, as in C's initializers. */
  readonly overlay: boolean;
  read(view: View, base?: number): T;
  write(view: View, value: Input<T>, base?: number): void;
}

/** A 64-bit field takes a number as well, where it is a safe integer. */
export type Input<T> = T extends bigint
  ? bigint | number
  : T extends Uint8Array
    ? Uint8Array<ArrayBufferLike>
    : T extends (infer Item)[]
      ? readonly Input<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]?: Input<T[Key]> }
        : T;

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The fields that make up a structure's contents: all but alternatives and arrays without end. */
type Content<F extends Fields> = {
  -readonly [Key in keyof F as F[Key] extends { overlay: true } ? never : Key]: F[Key] extends Field<infer T>
    ? T
    : never;
};

/** A structure's contents as plain data. */
export type Values<S extends Struct> = S extends Struct<infer F> ? Content<F> : never;

/** New contents for a structure: what is left out stays as it is (or 0, where the structure is written whole). */
export type Changes<S extends Struct> = Input<Values<S>>;

export interface Struct<F extends Fields = Fields> {
  readonly name: string;
  readonly size: number;
  readonly fields: F;
}

export function struct<F extends Fields>(name: string, size: number, fields: F): Struct<F> {
  return Object.freeze({ name, size, fields: Object.freeze(fields) });
}

export function decode<S extends Struct>(layout: S, view: View, base = 0): Values<S> {
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(layout.fields)) {
    if (!field.overlay) values[name] = field.read(view, base);
  }
  return values as Values<S>;
}

/** Write the given fields and leave the others alone. */
export function encode<S extends Struct>(layout: S, view: View, values: Changes<S>, base = 0): void {
  for (const [name, value] of Object.entries(values)) {
    const field = layout.fields[name];
    if (field === undefined) throw new TypeError(`struct ${layout.name} has no field ${name}`);
    if (value !== undefined) field.write(view, value, base);
  }
}

/** A new structure with these contents, and zeros elsewhere. `extra` bytes follow it. */
export function build<S extends Struct>(layout: S, values: Changes<S>, extra = 0): View {
  const view = new DataView(new ArrayBuffer(layout.size + extra));
  encode(layout, view, values);
  return view;
}

type Get<T> = (view: View, at: number) => T;
type Set<T> = (view: View, at: number, value: Input<T>) => void;

function scalar<T>(size: number, get: Get<T>, set: Set<T>): (offset: number) => Field<T> & { overlay: false } {
  return (offset) => ({
    offset,
    size,
    overlay: false,
    read: (view, base = 0) => get(view, base + offset),
    write: (view, value, base = 0) => set(view, base + offset, value),
  });
}

export const u8 = scalar<number>(
  1,
  (view, at) => view.getUint8(at),
  (view, at, value) => view.setUint8(at, value),
);
export const u16 = scalar<number>(
  2,
  (view, at) => view.getUint16(at, true),
  (view, at, value) => view.setUint16(at, value, true),
);
export const u32 = scalar<number>(
  4,
  (view, at) => view.getUint32(at, true),
  (view, at, value) => view.setUint32(at, value, true),
);
export const s16 = scalar<number>(
  2,
  (view, at) => view.getInt16(at, true),
  (view, at, value) => view.setInt16(at, value, true),
);
export const s32 = scalar<number>(
  4,
  (view, at) => view.getInt32(at, true),
  (view, at, value) => view.setInt32(at, value, true),
);
export const u64 = scalar<bigint>(
  8,
  (view, at) => view.getBigUint64(at, true),
  (view, at, value) => view.setBigUint64(at, BigInt(value), true),
);
export const s64 = scalar<bigint>(
  8,
  (view, at) => view.getBigInt64(at, true),
  (view, at, value) => view.setBigInt64(at, BigInt(value), true),
);

/** Bytes as they are: read as a copy. A shorter value leaves the rest alone. */
export function bytes(offset: number, size: number): Field<Uint8Array<ArrayBuffer>> & { overlay: false } {
  const window = (view: View, base: number) => new Uint8Array(view.buffer, view.byteOffset + base + offset, size);
  return {
    offset,
    size,
    overlay: false,
    read: (view, base = 0) => new Uint8Array(window(view, base)),
    write: (view, value, base = 0) => window(view, base).set(value as Uint8Array),
  };
}

/** A structure inside a structure. */
export function nested<S extends Struct>(offset: number, layout: S): Field<Values<S>> & { overlay: false; layout: S } {
  return {
    offset,
    size: layout.size,
    overlay: false,
    layout,
    read: (view, base = 0) => decode(layout, view, base + offset),
    write: (view, value, base = 0) => encode(layout, view, value as Changes<S>, base + offset),
  };
}

/** `count` fields of one kind in a row. */
export function list<T>(
  offset: number,
  count: number,
  kind: (offset: number) => Field<T>,
): Field<T[]> & { overlay: false; count: number } {
  const step = kind(0).size;
  const items = Array.from({ length: count }, (_, i) => kind(offset + i * step));
  return {
    offset,
    size: step * count,
    overlay: false,
    count,
    read: (view, base = 0) => items.map((item) => item.read(view, base)),
    write: (view, value, base = 0) => {
      (value as readonly Input<T>[]).forEach((item, i) => {
        items[i].write(view, item, base);
      });
    },
  };
}

/** An alternative member of a union: it has a place, but is not part of the structure's contents. */
export function overlay<F extends Field>(field: F): Omit<F, 'overlay'> & { overlay: true } {
  return { ...field, overlay: true };
}

/** An array that runs on to the end: `kind` at a place in it. It has a place, but is not part of the contents. */
export function tail<T>(
  offset: number,
  kind: (offset: number) => Field<T>,
): Field<never> & { overlay: true; at(index: number): Field<T>; step: number } {
  const step = kind(0).size;
  const refuse = (): never => {
    throw new TypeError('an array without end is read item by item');
  };
  return { offset, size: 0, overlay: true, step, at: (i) => kind(offset + i * step), read: refuse, write: refuse };
}
