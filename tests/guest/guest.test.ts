import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseElf } from '@vizor/loader';
import { VM } from '@vizor/machine';
import { expect, test } from 'vitest';
import { guestElf } from '../../tools/guest/guest.ts';

const MIB = 2 ** 20;

function hasQemu(): boolean {
  try {
    execFileSync('qemu-system-x86_64', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('the tiny guest is an ELF file with a PVH entry in its one segment', () => {
  const elf = parseElf(guestElf());
  expect(elf.segments).toHaveLength(1);
  const [note] = elf.notes;
  expect(note).toMatchObject({ name: 'Xen', type: 18 });
  expect(Buffer.from(note!.description).readUInt32LE()).toBe(elf.segments[0]!.address);
});

test('it shows the machine, finds itself unharmed and switches the power off', async () => {
  await using vm = await VM.create({ memory: 64 * MIB, cpus: 1, kernel: guestElf(), cmdline: '', accel: 'wasm' });
  const output = new Response(vm.console.output).text();
  const result = await vm.run();
  expect(result.reason).toBe('poweroff');
  expect(result.bootMs).toBeGreaterThan(0);
  const text = await output;
  expect(text).toMatch(/^processor {2}AuthenticAMD \S/m);
  expect(text).toMatch(/^memory {5}0000000000100000 \+ 0000000003f00000 {2}RAM\r$/m);
  expect(text).toMatch(/^checksum {3}[\da-f]{8}, as it should be\r$/m);
  expect(text).toMatch(/^clock {6}\d+ MHz/m);
});

test.skipIf(!hasQemu())('QEMU says the same (skipped where qemu-system-x86 is missing)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vizor-guest-'));
  try {
    const kernel = join(folder, 'guest.elf');
    writeFileSync(kernel, guestElf());
    const machine = ['-accel', 'tcg', '-m', '64', '-nodefaults', '-display', 'none', '-no-reboot'];
    const { stdout } = await promisify(execFile)(
      'qemu-system-x86_64',
      [...machine, '-serial', 'stdio', '-kernel', kernel],
      { timeout: 50_000 },
    );
    expect(stdout).toMatch(/^processor {2}\w+ /m);
    expect(stdout).toMatch(/^checksum {3}[\da-f]{8}, as it should be\r$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
