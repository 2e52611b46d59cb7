// The VM as an embedder uses it, over the project's own tiny guest (asm/build/guest.elf).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VM, type VmOptions } from '../src/index.ts';
import { PanicWatch } from '../src/panic-watch.ts';

const kernel = readFileSync(new URL('../../../asm/build/guest.elf', import.meta.url));
const OPTIONS: VmOptions = { memory: 16 * 2 ** 20, cpus: 1, kernel, cmdline: '', accel: 'wasm' };

describe('VM', () => {
  it('runs a guest to its power-off and hands out its console', async () => {
    await using vm = await VM.create(OPTIONS);
    const text = new Response(vm.console.output).text();
    const result = await vm.run();
    expect(result).toMatchObject({ reason: 'poweroff', accelerator: 'wasm' });
    expect(result.instructions).toBeGreaterThan(1000);
    expect(result.bootMs).toBeGreaterThan(0);
    expect(await text).toContain('Vizor');
  });

  it('is stopped by stop() and by its signal, before and during the run', async () => {
    const spin = endless();
    for (const how of ['stop', 'signal', 'early'] as const) {
      const controller = new AbortController();
      await using vm = await VM.create({ ...OPTIONS, kernel: spin, signal: controller.signal });
      if (how === 'early') controller.abort();
      const run = vm.run();
      if (how === 'stop') vm.stop();
      if (how === 'signal') controller.abort();
      expect((await run).reason).toBe('stopped');
    }
  });

  it('can be given up while it runs', async () => {
    const vm = await VM.create({ ...OPTIONS, kernel: endless() });
    const run = vm.run().catch((error: Error) => error.message);
    await vm[Symbol.asyncDispose]();
    expect(await run).toBeDefined();
  });

  it.each([
    ['usage', { memory: 1 }],
    ['image', { kernel: new Uint8Array(0) }],
    ['unsupported', { cpus: 2 }],
  ] as const)('refuses with %s', async (code, wrong) => {
    await expect(VM.create({ ...OPTIONS, ...wrong })).rejects.toMatchObject({ name: 'VizorError', code });
  });
});

describe('panic watch', () => {
  it('knows a panic in a stream of bytes, also after a false start', () => {
    const watch = new PanicWatch();
    const feed = (text: string) => {
      for (const byte of Buffer.from(text)) watch.write(byte);
    };
    feed('Kernel panic - not syn Kernel command line; KKernel panic - no');
    expect(watch.seen).toBe(false);
    feed('t syncing: VFS');
    expect(watch.seen).toBe(true);
  });
});

/** The tiny guest with a jump to itself where it begins. */
function endless(): Uint8Array {
  const elf = Uint8Array.from(kernel);
  const view = new DataView(elf.buffer);
  const entry = Number(view.getUint32(24, true));
  const table = view.getUint32(32, true);
  const count = view.getUint16(56, true);
  for (let i = 0; i < count; i++) {
    const header = table + i * 56;
    const start = view.getUint32(header + 16, true);
    if (view.getUint32(header, true) !== 1 || entry < start || entry >= start + view.getUint32(header + 32, true))
      continue;
    elf.set([0xeb, 0xfe], view.getUint32(header + 8, true) + entry - start);
  }
  return elf;
}
