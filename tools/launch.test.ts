import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let root = '';

/** A checkout in small: the launcher, a main program, and a pinned Node that is not the one the launcher runs under. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vizor-launch-'));
  for (const folder of ['tools', 'packages/cli/src', 'asm/build', 'node_modules/node/bin']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const file of ['launch.mjs', 'pinned.mjs'])
    copyFileSync(join(import.meta.dirname, file), join(root, 'tools', file));
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
});
afterEach(() => rmSync(root, { recursive: true }));

function install(program: string): void {
  const node = join(root, 'node_modules/node/bin/node');
  writeFileSync(node, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`);
  chmodSync(node, 0o755);
  writeFileSync(join(root, 'asm/build/cpu.wasm'), '');
  writeFileSync(join(root, 'packages/cli/src/main.ts'), program);
}

interface Outcome {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Run the launcher; once it has printed something, send it a signal if there is one to send. */
function launch(args: string[], signal?: NodeJS.Signals): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'tools/launch.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const outcome: Outcome = { status: null, signal: null, stdout: '', stderr: '' };
    child.stdout.on('data', (bytes) => {
      if (outcome.stdout === '' && signal !== undefined) child.kill(signal);
      outcome.stdout += bytes;
    });
    child.stderr.on('data', (bytes) => {
      outcome.stderr += bytes;
    });
    child.on('close', (status, ended) => resolve({ ...outcome, status, signal: ended }));
  });
}

test('without packages, and without kernels, it says what to do', async () => {
  const bare = await launch(['run']);
  expect(bare).toMatchObject({ status: 125, stdout: '' });
  expect(bare.stderr).toMatch(/^vizor: packages are not installed \(run npm start in .*\)\n$/);
  install('');
  rmSync(join(root, 'asm/build/cpu.wasm'));
  const unbuilt = await launch(['run']);
  expect(unbuilt).toMatchObject({ status: 125, stdout: '' });
  expect(unbuilt.stderr).toMatch(/^vizor: the kernels are not built \(run npm start in .*\)\n$/);
});

test('arguments and exit status are passed on', async () => {
  install('console.log(JSON.stringify(process.argv.slice(2)));\nprocess.exit(42);\n');
  const { status, stdout } = await launch(['run', '--', 'a b', '$HOME', '']);
  expect({ status, stdout }).toEqual({ status: 42, stdout: '["run","--","a b","$HOME",""]\n' });
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s reaches the program, which may handle it', async (signal) => {
  install(`process.on('${signal}', () => process.exit(7));\nconsole.log('up');\nsetInterval(() => {}, 1000);\n`);
  expect(await launch([], signal)).toMatchObject({ status: 7, signal: null, stdout: 'up\n' });
});

test('a program that a signal ends takes the launcher along', async () => {
  install("console.log('up');\nsetInterval(() => {}, 1000);\n");
  expect(await launch([], 'SIGTERM')).toMatchObject({ status: null, signal: 'SIGTERM' });
});
