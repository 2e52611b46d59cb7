import { Descriptor } from './descriptor.ts';
import { ERRNO, errno, eventfd, read, write } from './libc.ts';
import { systemError } from './system-error.ts';

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

/** A kernel counter that threads and the kernel signal and wait on (eventfd(2)); `fd` goes into irqfd and ioeventfd. */
export class Eventfd {
  readonly #descriptor: Descriptor;
  readonly #word = new BigUint64Array(1);

  constructor() {
    const fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) throw systemError('eventfd');
    this.#descriptor = new Descriptor(fd, 'eventfd');
  }

  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Add to the counter. */
  signal(count = 1n): void {
    this.#word[0] = count;
    if (write(this.fd, this.#word, 8) !== 8) throw systemError('write to eventfd');
  }

  /** Take the counter and make it 0; 0n when nothing was signalled. Never blocks: {@link poll} waits. */
  take(): bigint {
    if (read(this.fd, this.#word, 8) === 8) return this.#word[0];
    if (errno() === ERRNO.EAGAIN) return 0n;
    throw systemError('read from eventfd');
  }

  [Symbol.dispose](): void {
    this.#descriptor.close();
  }
}
