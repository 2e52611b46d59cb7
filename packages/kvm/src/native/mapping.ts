import { VizorError } from '@vizor/core';
import { addressOf, mmap, munmap, viewOf } from './libc.ts';
import { systemError } from './system-error.ts';

export { addressOf } from './libc.ts';

const PAGE = 4096;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;

function mapOrThrow(at: number, length: number, flags: number, fd: number, offset: number): number {
  const address = Number(mmap(at, length, PROT_READ_WRITE, flags, fd, offset));
  if (address === -1) throw systemError('mmap');
  return address;
}

/**
 * A file mapped shared, readable and writable, until disposed.
 *
 * Without `over` the kernel chooses the place, and disposing detaches the view's buffer: whoever kept an array of it
 * gets a TypeError, not a dangling pointer. With `over`, page-aligned memory of the caller's own (part of a
 * WebAssembly.Memory) becomes the file's; disposing puts zeroed anonymous memory back in its place.
 */
export class Mapping {
  readonly length: number;
  readonly #address: number;
  readonly #over: Uint8Array<ArrayBufferLike> | undefined;
  #view: DataView<ArrayBufferLike> | undefined;

  constructor(fd: number, length: number, offset = 0, over?: Uint8Array<ArrayBufferLike>) {
    this.length = length;
    this.#over = over;
    if (over === undefined) {
      this.#address = mapOrThrow(0, length, MAP_SHARED, fd, offset);
      this.#view = new DataView(viewOf(this.#address, length));
      return;
    }
    const address = addressOf(over);
    if (address % PAGE !== 0 || over.length !== length) {
      throw new VizorError('usage', 'mmap', `the place must be ${length} bytes at a host page boundary`);
    }
    this.#address = mapOrThrow(address, length, MAP_SHARED | MAP_FIXED, fd, offset);
    this.#view = new DataView(over.buffer, over.byteOffset, length);
  }

  /** The mapped bytes. @throws VizorError `usage` once disposed */
  get view(): DataView<ArrayBufferLike> {
    if (this.#view === undefined) throw new VizorError('usage', 'mapping', 'used after it was unmapped');
    return this.#view;
  }

  get bytes(): Uint8Array<ArrayBufferLike> {
    const { buffer, byteOffset, byteLength } = this.view;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  [Symbol.dispose](): void {
    if (this.#view === undefined) return;
    if (this.#over !== undefined) {
      mapOrThrow(this.#address, this.length, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
    } else {
      (this.#view.buffer as ArrayBuffer).transfer();
      munmap(this.#address, this.length);
    }
    this.#view = undefined;
  }
}
