import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(import.meta.resolve('@vizor/cli/main'));

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Run the command as a user does, with `input` on its standard input (nothing: at its end already). */
export async function vizor(args: readonly string[], input?: string): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const out = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      out[name] += text;
    });
  }
  child.stdin.end(input);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('close', resolve);
  return { status: await promise, ...out };
}

/** Put images into Vizor's cache. Answers why that cannot be done here, or undefined when they are there. */
export function fetchImages(...names: string[]): string | undefined {
  for (const name of names) {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'images', 'fetch', name], { encoding: 'utf8' });
    if (status !== 0) return `${name} cannot be had: ${stderr.trim()}`;
  }
  return undefined;
}
