// Real guests, from Debian's packages, booted as a user boots them. They are skipped, and say why, where the packages
// cannot be had.
import { createHash } from 'node:crypto';
import { cacheFolder, ImageCache } from '@vizor/cli/images/cache';
import { buildInitramfs, parseBzImage, unpackKernel } from '@vizor/loader';
import { VM } from '@vizor/machine';
import { describe, expect, it } from 'vitest';
import { fetchImages, vizor } from './vizor.ts';

const missing = fetchImages('cloud', 'busybox', 'generic', 'memtest');
if (missing !== undefined) console.warn(`skipped: ${missing}`);
const MINUTES = 60_000;

/** An image's bytes from the cache. */
async function image(name: string): Promise<Uint8Array> {
  const cached = await new ImageCache(cacheFolder()).load(name);
  return cached!.bytes;
}

/** Boot with the default init, power off, and give back the console. */
async function boot(kernel: Uint8Array, protocol?: 'bzimage' | 'pvh'): Promise<{ reason: string; console: string }> {
  const initramfs = buildInitramfs({ busybox: await image('busybox') });
  await using vm = await VM.create({
    memory: 512 * 2 ** 20,
    cpus: 1,
    kernel,
    initramfs,
    cmdline: 'console=ttyS0 panic=-1 vizor.pipe',
    accel: 'wasm',
    ...(protocol === undefined ? {} : { protocol }),
  });
  const console = new Response(vm.console.output).text();
  const { reason } = await vm.run();
  return { reason, console: await console };
}

describe.skipIf(missing !== undefined)('Debian guests', { timeout: 3 * MINUTES }, () => {
  it('the default guest shows itself and powers off', async () => {
    const { status, stdout, stderr } = await vizor(['run']);
    expect(stdout).toMatch(/^Linux \(none\) 6\.1\.\S+cloud-amd64 .* x86_64 GNU\/Linux$/m);
    expect(stderr).toMatch(/^vizor: wasm · userspace after \d+\.\d s · [\d,]+ M instructions · \d+ MIPS$/m);
    expect(status).toBe(0);
  });

  it('a command gets its arguments, input and output, and its status is ours', async () => {
    const { status, stdout } = await vizor(['run', '--quiet', '--', 'sh', '-c', 'echo "got $1"; exit 7', 'sh', 'a b']);
    expect({ status, stdout }).toEqual({ status: 7, stdout: 'got a b\n' });
  });

  it('computes what the host computes', async () => {
    const numbers = Array.from({ length: 3000 }, (_, n) => `${n + 1}\n`).join('');
    const digest = (name: string) => `${createHash(name).update(numbers).digest('hex')}  -`;
    const work =
      'seq 3000 | gzip -9 | gunzip | sha256sum; seq 3000 | md5sum; awk "BEGIN { printf \\"%.10g\\", 22 / 7 }"';
    const { stdout } = await vizor(['run', '--quiet', '--', 'sh', '-c', work]);
    expect(stdout.trimEnd().split('\n')).toEqual([digest('sha256'), digest('md5'), '3.142857143']);
  });

  it('a guest that panics is reported as that', async () => {
    const { status, stderr } = await vizor(['run', 'cloud', '--initramfs', 'none']);
    expect(stderr).toMatch(/panic/);
    expect(status).toBe(126);
  });

  it('a guest that takes too long is ended with 124', async () => {
    const { status } = await vizor(['run', '--timeout', '2', '--quiet']);
    expect(status).toBe(124);
  });

  it('the cloud kernel boots from its uncompressed ELF through PVH', async () => {
    const elf = await unpackKernel(parseBzImage(await image('cloud')), 2 ** 29);
    const { reason, console } = await boot(elf!, 'pvh');
    expect(console).toContain('Hello from the guest.');
    expect(reason).toBe('poweroff');
  });

  it('the cloud kernel unpacks itself from its bzImage', async () => {
    const { reason, console } = await boot(await image('cloud'), 'bzimage');
    expect(console).toContain('Hello from the guest.');
    expect(reason).toBe('poweroff');
  });

  it('the generic kernel boots', async () => {
    const { reason, console } = await boot(await image('generic'));
    expect(console).toMatch(/^Linux \(none\) 6\.1\.\S+-amd64 /m);
    expect(reason).toBe('poweroff');
  });

  it('memtest86+ reaches its screen on the serial line', async () => {
    await using vm = await VM.create({
      memory: 64 * 2 ** 20,
      cpus: 1,
      kernel: await image('memtest'),
      cmdline: 'console=ttyS0,115200',
      accel: 'wasm',
    });
    const ended = vm.run();
    let screen = '';
    for await (const text of vm.console.output.pipeThrough(new TextDecoderStream())) {
      screen += text;
      if (screen.includes('Vizor x86-64 CPU') && screen.includes('Testing')) vm.stop();
    }
    expect(screen).toContain('Memtest86+');
    expect((await ended).reason).toBe('stopped');
  });
});
