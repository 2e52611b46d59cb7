import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The `vizor` command. */
export const VIZOR_MAIN = fileURLToPath(import.meta.resolve('@vizor/cli/main'));

const QEMU = 'qemu-system-x86_64';

/** The PC that QEMU gets: what Vizor's guests see, with the same level of instructions and the same vendor. */
const QEMU_CPU = 'qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+lahf_lm';

/** A guest as every contender can start it: files that boot through PVH, a console on the first serial port. */
export interface GuestFiles {
  readonly kernel: string;
  readonly initramfs?: string;
  readonly cmdline: string;
  /** MiB of RAM. */
  readonly memory: number;
}

/** A program that runs guests, with the guest's console on its stdout. */
export interface Contender {
  readonly name: string;
  command(guest: GuestFiles): { command: string; args: string[] };
}

const VIZOR: Contender = {
  name: 'Vizor',
  command: ({ kernel, initramfs = 'none', cmdline, memory }) => ({
    command: process.execPath,
    args: [
      VIZOR_MAIN,
      ...['run', '--quiet', '--memory', `${memory}M`],
      ...['--kernel', kernel, '--initramfs', initramfs, '--cmdline', cmdline],
    ],
  }),
};

const QEMU_TCG: Contender = {
  name: 'QEMU TCG',
  command: ({ kernel, initramfs, cmdline, memory }) => ({
    command: QEMU,
    args: [
      ...['-machine', 'pc', '-accel', 'tcg,thread=single', '-cpu', QEMU_CPU, '-m', `${memory}`],
      ...['-nodefaults', '-display', 'none', '-no-reboot', '-chardev', 'stdio,id=console,signal=off'],
      ...['-serial', 'chardev:console'],
      ...['-kernel', kernel, '-append', cmdline, ...(initramfs === undefined ? [] : ['-initrd', initramfs])],
    ],
  }),
};

/** Vizor, and QEMU where it is installed. */
export function contenders(): Contender[] {
  const hasQemu = spawnSync(QEMU, ['--version'], { stdio: 'ignore' }).status === 0;
  if (!hasQemu) process.stderr.write(`${QEMU} is not installed: Vizor runs alone\n`);
  return hasQemu ? [VIZOR, QEMU_TCG] : [VIZOR];
}

/** Vizor alone. */
export function vizor(): Contender {
  return VIZOR;
}
