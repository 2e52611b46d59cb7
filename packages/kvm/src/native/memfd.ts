import { Descriptor } from './descriptor.ts';
import { fcntl, ftruncate, memfdCreate } from './libc.ts';
import { Mapping } from './mapping.ts';
import { systemError } from './system-error.ts';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;

/** Promises about a memfd that cannot be taken back (fcntl(2), "File Sealing"). */
export const SEAL = Object.freeze({ SEAL: 1, SHRINK: 2, GROW: 4, WRITE: 8, FUTURE_WRITE: 16 });

/** Memory with a file descriptor (memfd_create(2)): guest RAM that several processes, or several VMs, can map. */
export class Memfd {
  readonly size: number;
  readonly #descriptor: Descriptor;

  /** @param size in bytes */
  constructor(name: string, size: number) {
    const fd = memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) throw systemError('memfd_create');
    this.#descriptor = new Descriptor(fd, `memfd ${name}`);
    this.size = size;
    if (ftruncate(fd, size) !== 0) {
      const error = systemError('ftruncate');
      this.#descriptor.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Map all of it, at a place of the kernel's choosing or over page-aligned memory. */
  map(over?: Uint8Array<ArrayBufferLike>): Mapping {
    return new Mapping(this.fd, this.size, 0, over);
  }

  /** @param seals of {@link SEAL} */
  seal(seals: number): void {
    if (fcntl(this.fd, F_ADD_SEALS, seals) !== 0) throw systemError('seal memfd');
  }

  [Symbol.dispose](): void {
    this.#descriptor.close();
  }
}
