import { VizorError } from '@vizor/core';

/** Little-endian reads from a file nobody vouches for: what lies outside it is a truncated image, not a crash. */
export class ImageReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;

  /** @param what the file, as an error should name it ("kernel", "ELF kernel") */
  constructor(bytes: Uint8Array, what: string) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#check(at, 1));
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#check(at, 2), true);
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#check(at, 4), true);
  }

  /** A 64-bit value as a double; one beyond 2^53 loses its low bits, which no check in this package minds. */
  u64(at: number): number {
    return Number(this.#view.getBigUint64(this.#check(at, 8), true));
  }

  /** `length` bytes from `at`, not copied. */
  slice(at: number, length: number): Uint8Array {
    this.#check(at, length);
    return this.bytes.subarray(at, at + length);
  }

  #check(at: number, length: number): number {
    if (!(at >= 0 && length >= 0 && at + length <= this.bytes.length)) {
      throw imageError(
        this.#what,
        `is truncated: bytes ${at} to ${at + length} are needed, the file has ${this.bytes.length}`,
        'fetch it again',
      );
    }
    return at;
  }
}

/** An image that cannot be used as it is. */
export function imageError(what: string, problem: string, hint?: string, cause?: unknown): VizorError {
  return new VizorError('image', what, problem, { ...(hint === undefined ? {} : { hint }), cause });
}

/** A growing run of little-endian fields. */
export class ByteWriter {
  #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  u8(...values: number[]): this {
    for (const value of values) this.#bytes.push(value & 0xff);
    return this;
  }

  u16(value: number): this {
    return this.u8(value, value >>> 8);
  }

  u32(value: number): this {
    return this.u8(value, value >>> 8, value >>> 16, value >>> 24);
  }

  /** @param value an integer from 0 to 2^53 */
  u64(value: number): this {
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  }

  /** ASCII text, cut or padded with `fill` to `length` when that is given. */
  ascii(text: string, length = text.length, fill = 0): this {
    for (let i = 0; i < length; i++) this.u8(i < text.length ? text.charCodeAt(i) : fill);
    return this;
  }

  append(bytes: Uint8Array): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  zeros(count: number): this {
    for (let i = 0; i < count; i++) this.#bytes.push(0);
    return this;
  }

  /** The bytes so far; with `checksumAt`, that byte is set so that all of them sum to zero (ACPI, MP, SMBIOS). */
  finish(checksumAt?: number): Uint8Array {
    const bytes = Uint8Array.from(this.#bytes);
    if (checksumAt !== undefined) bytes[checksumAt] = -bytes.reduce((sum, byte) => sum + byte, 0);
    return bytes;
  }
}

/** The bytes of all parts, one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A size as people read it. */
export function mib(bytes: number): string {
  const value = bytes / 2 ** 20;
  if (bytes < 2 ** 20) return `${Math.ceil(bytes / 1024)} KiB`;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} MiB`;
}

/**
 * Free bytes that nobody needs any more, now: tens of megabytes that a thread which never idles may not collect for a long
 * time. Bytes that are only a part of their buffer (Node pools small ones) are left alone.
 */
export function release(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && !buffer.detached && bytes.byteLength === buffer.byteLength) buffer.transfer(0);
}
