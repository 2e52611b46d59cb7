import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuestMemory } from '@vizor/memory';
import { afterAll, describe, expect, it } from 'vitest';
import { buildInitramfs, loadKernel } from '../src/index.ts';
import { installed, KERNELS, NO_KERNELS, testFile } from './kernels.ts';
import { runInQemu } from './qemu-machine.ts';

/** The oracle: what is in guest memory, and the boot state, must do on QEMU's PC what they are to do on ours. */
const qemu = installed('qemu-system-x86_64');
const busybox = testFile(KERNELS.busybox);
const cloud = testFile(KERNELS.cloud);
const folder = mkdtempSync(join(tmpdir(), 'vizor-loader-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!qemu || !busybox || !cloud)(`Debian's cloud kernel on QEMU (${NO_KERNELS} it and busybox)`, () => {
  const probe = new TextEncoder().encode('a file whose sum the host knows');
  const sum = createHash('sha256').update(probe).digest('hex');

  it.each(['pvh', 'bzimage'] as const)('shows itself through %s and finds our tables', async (protocol) => {
    const memory = new GuestMemory(256 * 2 ** 20);
    const script = 'cat /sys/class/dmi/id/sys_vendor; dmesg | grep -i acpi; sha256sum /vizor/probe; exit 42';
    const initramfs = buildInitramfs({ busybox: busybox!, probe, command: ['sh', '-c', script] });
    const state = await loadKernel(memory, {
      kernel: cloud!,
      initramfs,
      cmdline: 'console=ttyS0 quiet vizor.pipe',
      protocol,
      cpus: 1,
    });
    expect(state.protocol).toBe(protocol === 'pvh' ? 'pvh' : 'linux32');
    const { console, status } = await runInQemu(folder, memory, state);
    expect(status, console).toBe((42 << 1) | 1);
    expect(console).toMatch(/^Vizor\r?$/m);
    expect(console).toContain(`${sum}  /vizor/probe`);
    expect(console).toMatch(/ACPI: FACP 0x[0-9A-F]+ 000114 \(v06 VIZOR/);
    expect(console).toContain('ACPI: Interpreter enabled');
    expect(console).not.toMatch(/ACPI (BIOS )?(Error|Warning)/);
  });

  it('runs the show', async () => {
    const memory = new GuestMemory(128 * 2 ** 20);
    const initramfs = buildInitramfs({ busybox: busybox!, probe });
    const cmdline = 'console=ttyS0 quiet';
    const state = await loadKernel(memory, { kernel: cloud!, initramfs, cmdline, cpus: 1 });
    const { console } = await runInQemu(folder, memory, state, /Power down/);
    expect(console).toMatch(/^Linux .* x86_64 GNU\/Linux\r?$/m);
    expect(console).toMatch(/^CPU: +1 x QEMU/m);
    expect(console).toMatch(/^Machine: +Vizor Vizor PC/m);
    expect(console).toContain(sum);
  });
});

describe.each(['memtest', 'memtest32'] as const)('%s on QEMU', (name) => {
  const kernel = testFile(KERNELS[name]);
  it.skipIf(!qemu || !kernel)(`reaches its first screen on the serial line (${NO_KERNELS} it)`, async () => {
    const memory = new GuestMemory(32 * 2 ** 20);
    const state = await loadKernel(memory, { kernel: kernel!, cmdline: 'console=ttyS0,115200', cpus: 1 });
    const { console } = await runInQemu(folder, memory, state, /Memtest86\+.*CPU/s);
    expect(console).toContain('Memtest86+');
  });
});
