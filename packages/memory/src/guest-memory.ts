import { HOLE_START, PAGE, RAM_ALIGN, RAM_BASE_MIN, WASM_PAGE, WASM_PAGES_MAX } from '@vizor/asm/layout/memory';
import { VizorError } from '@vizor/core';

const MIB = 2 ** 20;
const FOUR_GIB = 2 ** 32;

/** Least and most guest RAM in bytes: 2 MiB of PC, and what a 32-bit linear memory holds beside the kernels' scratch. */
export const RAM_MIN = 2 * MIB;
export const RAM_MAX = WASM_PAGES_MAX * WASM_PAGE - RAM_BASE_MIN - RAM_ALIGN;

/** Told of every host-side write to guest RAM, so that code decoded from those bytes can be dropped. */
export type WriteObserver = (ramOffset: number, length: number) => void;

/**
 * Guest physical memory as part of one shared `WebAssembly.Memory`.
 *
 * RAM below {@link HOLE_START} lies at its own address, the rest from 4 GiB up; both are one run of linear memory that
 * starts at `ramBase`. Addresses are guest physical addresses (GPA) as doubles. Accesses that do not lie wholly in RAM
 * read zeros and write nothing where a device asks (`read`, `write`), and are refused where a loader asks (`place`).
 */
export class GuestMemory {
  readonly memory: WebAssembly.Memory;
  /** Offset of guest RAM in the linear memory. */
  readonly ramBase: number;
  /** Bytes of RAM in all. */
  readonly size: number;
  /** Bytes of RAM below the MMIO hole. */
  readonly lowSize: number;
  /** Bytes of RAM from 4 GiB up. */
  readonly highSize: number;
  /** The whole linear memory. */
  readonly bytes: Uint8Array<ArrayBufferLike>;
  readonly #view: DataView;
  #observer: WriteObserver | undefined;

  /** @param size bytes of RAM, a multiple of 4 KiB between {@link RAM_MIN} and {@link RAM_MAX} */
  constructor(size: number, ramBase = RAM_BASE_MIN) {
    if (!Number.isInteger(size / PAGE) || size < RAM_MIN || size > RAM_MAX) {
      throw new VizorError(
        'usage',
        'guest memory',
        `cannot give a guest ${(size / MIB).toFixed(size % MIB ? 3 : 0)} MiB`,
        { hint: `give between ${RAM_MIN / MIB}M and ${Math.floor(RAM_MAX / MIB)}M, in steps of 4 KiB` },
      );
    }
    this.size = size;
    this.lowSize = Math.min(size, HOLE_START);
    this.highSize = size - this.lowSize;
    this.ramBase = ramBase;
    const pages = Math.ceil((ramBase + size) / WASM_PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: WASM_PAGES_MAX, shared: true });
    this.bytes = new Uint8Array(this.memory.buffer);
    this.#view = new DataView(this.memory.buffer);
  }

  /** Register the one observer of host-side writes (an accelerator that caches decoded code). */
  observeWrites(observer: WriteObserver): void {
    this.#observer = observer;
  }

  /** Linear-memory offset of `length` bytes at `gpa`, or -1 when they do not lie wholly in RAM. */
  offsetOf(gpa: number, length: number): number {
    if (!Number.isSafeInteger(gpa) || gpa < 0 || !(length >= 0)) return -1;
    if (gpa + length <= this.lowSize) return this.ramBase + gpa;
    if (gpa >= FOUR_GIB && gpa - FOUR_GIB + length <= this.highSize)
      return this.ramBase + this.lowSize + gpa - FOUR_GIB;
    return -1;
  }

  /** A copy of guest bytes; zeros where there is no RAM. */
  read(gpa: number, length: number): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(length);
    const at = this.offsetOf(gpa, length);
    if (at >= 0) copy.set(this.bytes.subarray(at, at + length));
    return copy;
  }

  /** Write guest bytes as a device does (DMA). False, and nothing written, when they do not lie wholly in RAM. */
  write(gpa: number, bytes: Uint8Array): boolean {
    const at = this.offsetOf(gpa, bytes.length);
    if (at < 0) return false;
    this.bytes.set(bytes, at);
    this.#observer?.(at - this.ramBase, bytes.length);
    return true;
  }

  /** Write guest bytes as a loader does: what does not fit is the user's error, named by `what`. */
  place(gpa: number, bytes: Uint8Array, what: string): void {
    if (!this.write(gpa, bytes)) {
      throw new VizorError(
        'usage',
        what,
        `${bytes.length} bytes at 0x${gpa.toString(16)} do not fit into ${this.size / MIB} MiB of guest memory`,
        { hint: 'give the guest more with --memory' },
      );
    }
  }

  /** Little-endian guest words; 0 where there is no RAM. */
  readU16(gpa: number): number {
    const at = this.offsetOf(gpa, 2);
    return at < 0 ? 0 : this.#view.getUint16(at, true);
  }

  readU32(gpa: number): number {
    const at = this.offsetOf(gpa, 4);
    return at < 0 ? 0 : this.#view.getUint32(at, true);
  }

  readU64(gpa: number): bigint {
    const at = this.offsetOf(gpa, 8);
    return at < 0 ? 0n : this.#view.getBigUint64(at, true);
  }
}
