import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './fixtures/run-cli.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vizor-bad-'));
  writeFileSync(join(folder, 'empty'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['run -k /nowhere/vmlinuz', 'kernel /nowhere/vmlinuz: no such file'],
  ['run -k empty', 'kernel empty: the file is empty'],
  ['run -k .', 'kernel .: is a folder, not a file'],
  ['run -i missing', 'initramfs missing: no such file'],
  ['run -k empty -i empty', 'initramfs empty: the file is empty'],
  ['run --memory 0', '--memory: a guest cannot have 0 ('],
  ['run --memory 1M', '--memory: a guest cannot have 1M ('],
  ['run --memory 100G', '--memory: a guest cannot have 100G ('],
  ['run --memory 4194305K', '--memory: a guest cannot have 4194305K ('],
  ['run --memory 3.0001M', "--memory: '3.0001M' is not a size ("],
  ['run --memory lots', "--memory: 'lots' is not a size ("],
  ['run --memory 512', "--memory: '512' has no unit (write 512M"],
  ['run --memory', "option '-m, --memory <size>' argument missing"],
  ['run --memroy 1G', "unknown option '--memroy' (Did you mean --memory?)"],
  ['run --cpus 2', '--cpus: a guest has one CPU for now, not 2 ('],
  ['run --cpus 0', "--cpus: '0' is not a number of CPUs"],
  ['run --cpus many', "--cpus: 'many' is not a number of CPUs"],
  ['run --accel kvm', '--accel: this build does not have kvm yet ('],
  ['run --accel warp', "--accel: there is no accelerator 'warp' ("],
  ['run --serial modem', "--serial: 'modem' is no place to send the serial port ("],
  ['run --serial file=', "--serial: 'file=' is no place"],
  ['run --timeout 0', "--timeout: '0' is not a number of seconds ("],
  ['run --timeout 1e9', "--timeout: '1e9' is not a number of seconds ("],
  ['run nonesuch', 'image nonesuch: there is no such image (there are cloud,'],
  ['run busybox', 'image busybox: is a part of a guest and cannot boot by itself'],
  ['run one two', "too many arguments for 'run'"],
  ['run cloud -k empty', 'run: give either the image cloud or --kernel, not both'],
  ['run -i empty -- ls', "run: COMMAND needs Vizor's own initramfs ("],
  ['run memtest -- ls', "run: COMMAND needs Vizor's own initramfs ("],
  ['images fetch nonesuch', 'image nonesuch: there is no such image'],
  ['images fetch', "missing required argument 'name'"],
  ['jump', "unknown command 'jump'"],
  ['', 'what should it do?'],
])('vizor %s', async (line, message) => {
  const args = line.split(' ').filter(Boolean);
  const named = args.map((arg) => (arg === 'empty' ? join(folder, arg) : arg));
  const { status, stdout, stderr } = await runCli(named, { PATH: folder, XDG_CACHE_HOME: folder });
  expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
  expect(stderr.replaceAll(`${folder}/`, '')).toContain(`vizor: ${message}`);
  expect(stderr.split('\n')).toHaveLength(2);
});

test('help and version go to stdout', async () => {
  const env = { XDG_CACHE_HOME: folder };
  expect(await runCli(['--version'], env)).toMatchObject({ status: 0, stdout: '0.1.0\n', stderr: '' });
  const help = await runCli(['run', '--help'], env);
  expect(help).toMatchObject({ status: 0, stderr: '' });
  for (const line of ['--accel', '--json', '124', '125', '126', '(v << 1) | 1']) expect(help.stdout).toContain(line);
});
