import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type CpuTime, cpuSeconds, endedChildrenTime, residentMemory } from './process-stat.ts';

/** A line that a child wrote, and what it had cost by then. */
export interface Line {
  readonly text: string;
  /** Seconds since the child was started. */
  readonly at: number;
  /** CPU seconds, user and system. */
  readonly cpu: number;
}

/** A child that ran to its end. */
export interface ChildRun {
  readonly lines: readonly Line[];
  readonly status: number | null;
  readonly stderr: string;
  readonly seconds: number;
  readonly cpu: CpuTime;
  /** Most resident memory in bytes, as last seen while it ran. */
  readonly peak: number;
}

const POLL_MS = 50;

/**
 * Run a program to its end, one at a time, and take its times. CPU times come from the kernel's books and are exact to
 * 10 ms; peak memory is looked at every {@link POLL_MS} and at every line.
 *
 * @param watch sees each line as it comes; may end the child
 */
export async function runChild(
  command: string,
  args: readonly string[],
  watch: (line: Line, child: ChildProcess) => void = () => {},
): Promise<ChildRun> {
  const before = endedChildrenTime();
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = child.pid;
  if (pid === undefined) {
    await once(child, 'error').then(([error]) => Promise.reject(error));
    throw new Error('unreachable');
  }
  const elapsed = () => (performance.now() - started) / 1000;
  const lines: Line[] = [];
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, whileItLives(() => residentMemory(pid).peak) ?? 0);
  };
  const poll = setInterval(look, POLL_MS);
  readLines(child.stdout, (text) => {
    const cpu = whileItLives(() => cpuSeconds(pid)) ?? Number.NaN;
    look();
    const line = { text, at: elapsed(), cpu };
    lines.push(line);
    watch(line, child);
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  const seconds = elapsed();
  clearInterval(poll);
  const after = endedChildrenTime();
  const cpu = { user: after.user - before.user, system: after.system - before.system };
  return { lines, status, stderr, seconds, cpu, peak };
}

/** The answer of a look into /proc, or undefined once the process is gone. */
function whileItLives<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function readLines(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split(/\r?\n/);
    rest = parts.pop()!;
    for (const part of parts) take(part);
  });
}
