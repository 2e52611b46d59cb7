// What Linux tells of a process in /proc (proc(5)).
import { readdirSync, readFileSync } from 'node:fs';

/** The unit of times in /proc/PID/stat: USER_HZ, 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/PID/stat, counted from the one after the command's name (field 3). */
const STAT = Object.freeze({ UTIME: 11, STIME: 12, CUTIME: 13, CSTIME: 14 });

/** CPU seconds, user and system. */
export interface CpuTime {
  readonly user: number;
  readonly system: number;
}

function statFields(process: number | 'self'): number[] {
  const stat = readFileSync(`/proc/${process}/stat`, 'utf8');
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}

/**
 * CPU seconds of a running process so far, user and system: the scheduler's own count of its threads, in nanoseconds.
 * Ticks say more where the kernel keeps no such count, or where threads have ended.
 */
export function cpuSeconds(pid: number): number {
  const fields = statFields(pid);
  const ticks = (fields[STAT.UTIME]! + fields[STAT.STIME]!) / TICKS_PER_SECOND;
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => threadNanoseconds(pid, thread));
  return Math.max(ticks, threads.reduce((sum, each) => sum + each, 0) / 1e9);
}

/** CPU time of a thread; 0 when it ended meanwhile. */
function threadNanoseconds(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}

/** CPU time of all children of this process that have ended. */
export function endedChildrenTime(): CpuTime {
  const fields = statFields('self');
  return { user: fields[STAT.CUTIME]! / TICKS_PER_SECOND, system: fields[STAT.CSTIME]! / TICKS_PER_SECOND };
}

/** Resident memory of a running process in bytes: now, and at most so far. */
export function residentMemory(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { now: field('VmRSS'), peak: field('VmHWM') };
}
