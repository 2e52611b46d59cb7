// QEMU's TCG as the other side of a lockstep run: started stopped, driven through its gdbstub.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GdbClient } from './gdb.ts';

const BINARY = 'qemu-system-x86_64';
/** RAM that both sides have, MiB. */
export const MEMORY_MIB = 64;

/** Why there can be no lockstep run, or '' when there can. */
export const WITHOUT_QEMU = spawnSync(BINARY, ['--version']).status === 0 ? '' : `${BINARY} is not installed`;

export class Qemu {
  readonly gdb: GdbClient;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(gdb: GdbClient, process: ChildProcess, folder: string) {
    this.gdb = gdb;
    this.#process = process;
    this.#folder = folder;
  }

  /** A PC just reset, with `images` in its memory; nothing has been executed. */
  static async start(images: readonly { address: number; bytes: Uint8Array }[]): Promise<Qemu> {
    const folder = mkdtempSync(join(tmpdir(), 'vizor-lockstep-'));
    const loaders = images.flatMap(({ address, bytes }, i) => {
      const file = join(folder, `image${i}`);
      writeFileSync(file, bytes);
      return ['-device', `loader,file=${file},addr=0x${address.toString(16)},force-raw=on`];
    });
    const path = join(folder, 'gdb');
    const args = [
      '-accel',
      'tcg',
      '-machine',
      'pc',
      '-cpu',
      'qemu64',
      '-m',
      `${MEMORY_MIB}`,
      '-S',
      '-gdb',
      `unix:${path},server=on,wait=off`,
    ];
    const quiet = ['-nodefaults', '-no-user-config', '-display', 'none', '-monitor', 'none', '-serial', 'none'];
    const process = spawn(BINARY, [...args, ...quiet, ...loaders], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    process.stderr!.on('data', (data: Buffer) => {
      complaint += data.toString();
    });
    // The socket is there a moment before it is listened on.
    for (let tries = 0; tries < 500 && process.exitCode === null; tries++) {
      const gdb = existsSync(path) ? await GdbClient.connect(path).catch(() => undefined) : undefined;
      if (gdb !== undefined) return new Qemu(gdb, process, folder);
      await sleep(10);
    }
    process.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`QEMU did not start: ${complaint}`);
  }

  stop(): void {
    this.gdb.close();
    this.#process.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
