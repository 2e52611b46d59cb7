import { VizorError } from '@vizor/core';
import { describeErrno, errnoName } from './errno.ts';
import { errno } from './libc.ts';

/** The failed call of this thread just before, as an error. `hint` says what to do, by the errno's name. */
export function systemError(operation: string, hint: (name: string) => string | undefined = generalHint): VizorError {
  const number = errno();
  const advice = hint(errnoName(number)) ?? generalHint(errnoName(number));
  return new VizorError('host', operation, describeErrno(number), advice === undefined ? {} : { hint: advice });
}

/** Advice that holds whatever the operation was. */
export function generalHint(name: string): string | undefined {
  if (name === 'EMFILE') return 'raise the limit of open files: ulimit -n';
  if (name === 'ENFILE') return 'raise fs.file-max, or end other programs';
  if (name === 'ENOMEM') return 'free memory on the host, or raise the limit of locked memory: ulimit -l';
  return undefined;
}
