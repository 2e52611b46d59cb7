import { getrlimit } from './libc.ts';
import { systemError } from './system-error.ts';

/** Resources of getrlimit(2). */
const RLIMIT = Object.freeze({ openFiles: 7, lockedMemory: 8 });
const NO_LIMIT = 2n ** 64n - 1n;

/** This process's soft limit: a count of files, or bytes of memory; Infinity for none. */
export function resourceLimit(resource: keyof typeof RLIMIT): number {
  const limits = new BigUint64Array(2);
  if (getrlimit(RLIMIT[resource], limits) !== 0) throw systemError('getrlimit');
  return limits[0] === NO_LIMIT ? Number.POSITIVE_INFINITY : Number(limits[0]);
}
