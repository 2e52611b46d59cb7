import { VizorError } from '@vizor/core';
import { describeErrno, errnoName } from './errno.ts';
import { errno } from './libc.ts';

/** The failed call of this thread just before, as an error. `hint` says what to do, by the errno's name. */
export function systemError(operation: string, hint: (name: string) => string | undefined = generalHint): VizorError {
  const number = errno();
  const cause = systemCause(operation, number);
  const advice = hint(errnoName(number)) ?? generalHint(errnoName(number));
  return new VizorError(
    'host',
    operation,
    describeErrno(number),
    advice === undefined ? { cause } : { hint: advice, cause },
  );
}

/** The failure of a system call as Node's own errors tell it: a `VizorError` carries it as its cause. */
export function systemCause(syscall: string, errno: number): Error & { code: string; errno: number; syscall: string } {
  return Object.assign(new Error(describeErrno(errno)), { code: errnoName(errno), errno, syscall });
}

/** `EBUSY` for an error whose cause is a system call's failure. */
export function errnoOf(error: VizorError): string | undefined {
  return error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : undefined;
}

/** Advice that holds whatever the operation was. */
export function generalHint(name: string): string | undefined {
  if (name === 'EMFILE') return 'raise the limit of open files: ulimit -n';
  if (name === 'ENFILE') return 'raise fs.file-max, or end other programs';
  if (name === 'ENOMEM') return 'free memory on the host, or raise the limit of locked memory: ulimit -l';
  return undefined;
}
