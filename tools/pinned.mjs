// The pinned Node and the steps that lead to it. Plain JavaScript that any Node from 20 on runs: it works before
// anything is installed.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PNPM = 'pnpm@12.21.0';

/** The checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The interpreter from the registry; not the wrapper in `.bin`, which would sit between us and its signals. */
export const pinnedNode = join(root, 'node_modules/node/bin/node');
const stamp = join(root, 'node_modules/.vizor-installed');

/** Signals that a supervisor or a terminal sends to end a program. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** Print one line and end with Vizor's own failure status. */
export function fail(message) {
  process.stderr.write(`vizor: ${message}\n`);
  process.exit(125);
}

/** Everything that decides what an install puts in place. */
function installInputs() {
  const hash = createHash('sha256');
  const manifests = ['packages', 'asm', 'tests', 'benches'].flatMap((folder) => {
    const own = join(folder, 'package.json');
    if (existsSync(join(root, own))) return [own];
    return readdirSync(join(root, folder)).map((name) => join(folder, name, 'package.json'));
  });
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests.sort()];
  for (const file of files.filter((name) => existsSync(join(root, name)))) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  }
  return hash.update(`${process.platform} ${process.arch}`).digest('hex');
}

/** Are the packages in place that the lock file names? */
export function isInstalled() {
  return existsSync(pinnedNode) && existsSync(stamp) && readFileSync(stamp, 'utf8') === installInputs();
}

/** Install what the lock file names, unless that has been done. pnpm's output goes to stderr. True when all is well. */
export function install() {
  if (isInstalled()) return true;
  process.stderr.write('vizor: installing packages and the pinned Node\n');
  const run = spawnSync('npx', ['-y', PNPM, 'install', '--frozen-lockfile'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (run.status !== 0 || !existsSync(pinnedNode)) return false;
  writeFileSync(stamp, installInputs());
  return true;
}

/** Is this process the pinned Node already (npm and npx put it first in PATH once it is installed)? */
export function isPinned() {
  return existsSync(pinnedNode) && realpathSync(pinnedNode) === realpathSync(process.execPath);
}

/** Run a program of ours under the pinned Node, become its shadow: same terminal, same signals, same exit status. */
export function become(args) {
  const child = spawn(pinnedNode, args, { stdio: 'inherit' });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`cannot start ${pinnedNode}: ${error.message} (run npm start)`));
  child.on('exit', (status, signal) => {
    if (signal === null) process.exit(status);
    for (const name of FORWARDED) process.removeAllListeners(name);
    process.kill(process.pid, signal);
    // A signal that does not end this process (one that it ignores) still has to show in the status.
    setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
  });
}

/** Run a program of ours under the pinned Node to its end; its status, its output where `stdio` sends it. */
export function runPinned(args, stdio = 'inherit') {
  return spawnSync(pinnedNode, args, { cwd: root, stdio }).status ?? 1;
}
