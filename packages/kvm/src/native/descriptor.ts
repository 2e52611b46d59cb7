import { VizorError } from '@vizor/core';
import { close, O_RDWR_CLOEXEC, open, pread } from './libc.ts';
import { systemError } from './system-error.ts';

/** A file descriptor with one owner. Once closed it is refused here: the number may be another file's by then. */
export class Descriptor {
  /** What it is a descriptor of, for errors: `vCPU 0`. */
  readonly what: string;
  #fd: number;

  constructor(fd: number, what: string) {
    this.#fd = fd;
    this.what = what;
  }

  /** Open a device node for reading and writing. */
  static open(path: string, what: string, hint?: (errno: string) => string | undefined): Descriptor {
    const fd = open(path, O_RDWR_CLOEXEC);
    if (fd < 0) throw systemError(`open ${path}`, hint);
    return new Descriptor(fd, what);
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  /** The number itself. @throws VizorError `usage` once closed */
  get fd(): number {
    if (this.#fd < 0) {
      throw new VizorError('usage', this.what, 'used after it was closed', {
        hint: 'keep it open while it is in use, and close vCPUs before their VM',
      });
    }
    return this.#fd;
  }

  /** Read exactly `length` bytes at an offset. */
  readAt(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const got = pread(this.fd, bytes.subarray(done), length - done, offset + done);
      if (got < 0) throw systemError(`read ${this.what}`);
      if (got === 0) throw new VizorError('host', `read ${this.what}`, `ends ${length - done} bytes early`);
      done += got;
    }
    return bytes;
  }

  /** Give the number away: whoever gets it closes it. */
  release(): number {
    const { fd } = this;
    this.#fd = -1;
    return fd;
  }

  close(): void {
    if (this.#fd >= 0) close(this.release());
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
