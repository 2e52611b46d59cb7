import { spawn, spawnSync } from 'node:child_process';

const QEMU = 'qemu-system-x86_64';

/** Debian's package qemu-system-x86 is there. */
export const haveQemu = spawnSync(QEMU, ['--version']).status === 0;

/**
 * Run a script of `outb` and `inb` commands against QEMU's models of the PC's chips. The machine is held before its
 * first instruction, so no guest runs and guest time stands still.
 *
 * @returns the values of the `inb` commands, in order
 */
export async function runQtest(args: readonly string[], script: readonly string[]): Promise<number[]> {
  const held = ['-machine', 'pc', '-S', '-display', 'none', '-nodefaults', '-qtest', 'stdio', '-qtest-log', 'none'];
  const qemu = spawn(QEMU, [...held, ...args]);
  let output = '';
  let errors = '';
  qemu.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const answers = new Promise<string[]>((resolve, reject) => {
    qemu.on('error', reject);
    qemu.stdin.on('error', reject);
    qemu.on('exit', () => reject(new Error(`QEMU ended early: ${errors}`)));
    qemu.stdout.on('data', (chunk) => {
      output += chunk;
      const lines = output.split('\n');
      if (lines.length > script.length) resolve(lines);
    });
  });
  qemu.stdin.write(`${script.join('\n')}\n`);
  try {
    const lines = await answers;
    return script.flatMap((command, i) =>
      command.startsWith('inb') ? [Number.parseInt(lines[i].split(' ')[1], 16)] : [],
    );
  } finally {
    qemu.kill();
  }
}
