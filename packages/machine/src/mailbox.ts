// What other threads tell a machine's worker: a word to wait on, a wish to stop, console input, and how much
// console output was read, in shared memory,
// because the worker never returns to its event loop.

const ATTENTION = 0;
const STOP = 1;
const HEAD = 2;
const TAIL = 3;
const UNREAD = 4;
const WORDS = 5;
/** Bytes of the console's input ring; a power of two. */
const RING = 0x10000;

/** Both ends of a mailbox over one SharedArrayBuffer. */
export class Mailbox {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #ring: Uint8Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 4 + RING)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, WORDS);
    this.#ring = new Uint8Array(buffer, WORDS * 4);
  }

  // ---- From any thread

  /** Ask the machine to stop. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
    this.#wake();
  }

  /** Post console input; answers how many bytes were taken (the ring may be full). One thread may write. */
  post(bytes: Uint8Array): number {
    const tail = Atomics.load(this.#words, TAIL);
    const room = RING - ((tail - Atomics.load(this.#words, HEAD)) >>> 0);
    const taken = Math.min(room, bytes.length);
    for (let i = 0; i < taken; i++) this.#ring[(tail + i) & (RING - 1)] = bytes[i]!;
    Atomics.store(this.#words, TAIL, (tail + taken) | 0);
    this.#wake();
    return taken;
  }

  /** Somebody read so many bytes of console output. */
  consumed(bytes: number): void {
    Atomics.sub(this.#words, UNREAD, bytes);
  }

  #wake(): void {
    Atomics.store(this.#words, ATTENTION, 1);
    Atomics.notify(this.#words, ATTENTION);
  }

  // ---- From the machine's worker

  /** Whether something was posted since the last call. */
  takeAttention(): boolean {
    return Atomics.load(this.#words, ATTENTION) !== 0 && Atomics.exchange(this.#words, ATTENTION, 0) !== 0;
  }

  /** So many bytes of console output were sent. */
  sent(bytes: number): void {
    Atomics.add(this.#words, UNREAD, bytes);
  }

  /** Bytes of console output that nobody has read yet. */
  get unread(): number {
    return Atomics.load(this.#words, UNREAD);
  }

  get stopRequested(): boolean {
    return Atomics.load(this.#words, STOP) !== 0;
  }

  /** Console input that is waiting, at most `limit` bytes. */
  takeInput(limit: number): Uint8Array {
    const head = Atomics.load(this.#words, HEAD);
    const waiting = (Atomics.load(this.#words, TAIL) - head) >>> 0;
    const bytes = new Uint8Array(Math.min(waiting, limit));
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#ring[(head + i) & (RING - 1)]!;
    Atomics.store(this.#words, HEAD, (head + bytes.length) | 0);
    return bytes;
  }

  /** Sleep until something is posted or `ms` have passed. */
  sleep(ms: number): void {
    Atomics.wait(this.#words, ATTENTION, 0, ms);
  }
}
