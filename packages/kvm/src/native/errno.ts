import { ERRNO } from './libc.ts';

/** Names that are not errors of their own: other names of the same number. */
const SYNONYMS = ['EWOULDBLOCK', 'ENOTSUP', 'EDEADLOCK'];

const names = new Map(
  Object.entries(ERRNO)
    .filter(([name]) => !SYNONYMS.includes(name))
    .map(([name, number]) => [number, name]),
);

/** What each error usually means, where the caller knows no better. */
const MEANINGS: Readonly<Record<string, string>> = Object.freeze({
  EACCES: 'permission denied',
  EAGAIN: 'try again',
  EBADF: 'not an open file descriptor',
  EBUSY: 'in use',
  EEXIST: 'already there',
  EFAULT: 'bad address',
  EINTR: 'interrupted by a signal',
  EINVAL: 'invalid argument',
  EIO: 'input/output error',
  EMFILE: 'this process has too many open files',
  ENFILE: 'the system has too many open files',
  ENODEV: 'no such device',
  ENOENT: 'no such file',
  ENOMEM: 'out of memory',
  ENOSPC: 'no space left',
  ENOSYS: 'the kernel does not have this call',
  ENOTTY: 'the kernel does not know this ioctl',
  ENXIO: 'no such device or attribute',
  EOPNOTSUPP: 'not supported',
  EPERM: 'not permitted',
  E2BIG: 'too big',
});

/** `EBADF` for 9. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}

/** `EBADF, not an open file descriptor` for 9. */
export function describeErrno(errno: number): string {
  const name = errnoName(errno);
  const meaning = MEANINGS[name];
  return meaning === undefined ? name : `${name}, ${meaning}`;
}
