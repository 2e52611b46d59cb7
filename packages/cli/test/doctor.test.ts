import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KvmReport, KvmState } from '@vizor/kvm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { choose, formatReport, type HostReport, inspectHost, PINNED_NODE } from '../src/commands/doctor.ts';
import { ImageCache } from '../src/images/cache.ts';
import { makeFakeApt, runCli } from './fixtures/run-cli.ts';

const GUEST = join(import.meta.dirname, '../../../asm/build/guest.elf');
const MIB = 2 ** 20;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vizor-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A report of a KVM in some state, as `probe` of @vizor/kvm makes them. */
function kvmIn(state: KvmState, changes: Partial<KvmReport> = {}): KvmReport {
  return {
    state,
    finding: `finding of ${state}`,
    advice: `advice for ${state}`,
    device: { path: '/dev/kvm', mode: '660', group: 104 },
    modules: ['kvm', 'kvm_amd'],
    apiVersion: undefined,
    capabilities: {},
    speed: undefined,
    nested: false,
    limits: { openFiles: 1024, lockedMemory: 8 * MIB },
    hugePages: { transparent: 'madvise', reserved: { 2048: 0, 1048576: 0 } },
    ...changes,
  };
}

const WASM: HostReport['wasm'] = { mips: 400, problem: undefined };
const HOST: HostReport = {
  auto: choose(WASM, kvmIn('failed')),
  wasm: WASM,
  kvm: kvmIn('failed'),
  processor: { model: 'Some CPU', cpus: 8 },
  memory: {
    total: 16384 * MIB,
    available: 8192 * MIB,
    limit: undefined,
    addressSpace: undefined,
    guestLeast: 2 * MIB,
    guestMost: 3966 * MIB,
  },
  node: { version: PINNED_NODE, pinned: PINNED_NODE },
  guests: { cacheFolder: '/c', cacheProblem: undefined, cached: [], hostKernel: undefined, apt: true },
};

/** The report's lines, with another KVM. */
function linesFor(kvm: HostReport['kvm']): string[] {
  return formatReport({ ...HOST, kvm, auto: choose(WASM, kvm) })
    .trimEnd()
    .split('\n');
}

const WORKING = { apiVersion: 12, capabilities: { IRQCHIP: 1, NESTED_STATE: 0 } };
const STATES: Record<KvmState, Partial<KvmReport>> = {
  native: { ...WORKING, advice: undefined, speed: { kernelMips: 4000, userMips: 4100 } },
  interpreted: { ...WORKING, speed: { kernelMips: 2, userMips: 1700 } },
  'no-node': { device: { path: '/dev/kvm', mode: undefined, group: undefined } },
  'no-module': { modules: [], device: { path: '/dev/kvm', mode: undefined, group: undefined } },
  'no-permission': {},
  'not-kvm': {},
  'wrong-version': { apiVersion: 11 },
  busy: WORKING,
  disabled: WORKING,
  failed: { advice: undefined },
};

describe('each state of KVM', () => {
  test.each(Object.keys(STATES) as KvmState[])('%s', (state) => {
    const kvm = kvmIn(state, STATES[state]);
    const lines = linesFor(kvm);
    expect(lines[0]).toMatch(/^auto {8}takes wasm: this build cannot run machines on KVM yet/);
    const at = lines.indexOf(`kvm         finding of ${state}`);
    expect(at).toBeGreaterThan(0);
    if (kvm.advice !== undefined) expect(lines[at + 1]).toBe(`            → advice for ${state}`);
    else expect(lines[at + 1]).not.toContain('→');
    const text = lines.join('\n');
    expect(text.includes('/dev/kvm has mode 660, group 104')).toBe(kvm.device.mode !== undefined);
    expect(text.includes('modules kvm kvm_amd')).toBe(kvm.modules.length > 0);
    expect(text.includes('has 1 of 2 capabilities that matter (not NESTED_STATE)')).toBe(
      'capabilities' in STATES[state],
    );
    expect(text).not.toMatch(/undefined|NaN|Infinity|null/);
  });

  test('the choice is explained by what was measured', () => {
    expect(choose(WASM, kvmIn('native', STATES.native))).toEqual({
      accelerator: 'wasm',
      reason: 'this build cannot run machines on KVM yet',
      advice: 'this host is ready for one that can: KVM is 10 times faster',
    });
    expect(choose(WASM, kvmIn('interpreted', STATES.interpreted))).toEqual({
      accelerator: 'wasm',
      reason: 'this build cannot run machines on KVM yet, and here KVM is 200 times slower in kernel mode',
      advice: undefined,
    });
    expect(choose(WASM, kvmIn('busy')).advice).toBeUndefined();
    const broken = { mips: undefined, problem: 'out of memory' };
    expect(choose(broken, kvmIn('native', STATES.native)).advice).toBeUndefined();
    expect(formatReport({ ...HOST, wasm: broken })).toContain('\nwasm        does not run: out of memory\n');
  });
});

describe('hints stand only where something can be done', () => {
  const hintsOf = (changes: Partial<HostReport>): string[] =>
    formatReport({ ...HOST, kvm: kvmIn('native', STATES.native), ...changes })
      .split('\n')
      .filter((line) => line.startsWith('            → '));

  test('a host in order has none', () => {
    expect(hintsOf({})).toEqual([]);
  });

  test.each<[string, Partial<HostReport>]>([
    ['npx vizor', { node: { version: '22.0.0', pinned: PINNED_NODE } }],
    ['--memory 128M', { memory: { ...HOST.memory, available: 100 * MIB } }],
    ['ulimit -v unlimited', { memory: { ...HOST.memory, addressSpace: 6000 * MIB } }],
    ['--kernel', { guests: { ...HOST.guests, apt: false } }],
    ['XDG_CACHE_HOME', { guests: { ...HOST.guests, cacheProblem: 'no permission' } }],
  ])('%s', (hint, changes) => {
    expect(hintsOf(changes)).toEqual([expect.stringContaining(hint)]);
  });

  test('a limit on addresses that leaves enough is only told', () => {
    const memory = { ...HOST.memory, addressSpace: 2 ** 40 };
    expect(hintsOf({ memory })).toEqual([]);
    expect(formatReport({ ...HOST, memory })).toContain('addresses limited to 1024.0 GiB');
  });

  test('without apt, a cached kernel will do', () => {
    const cached = [{ name: 'cloud', version: '6.1', size: 14_200_000 }];
    expect(hintsOf({ guests: { ...HOST.guests, apt: false, cached } })).toEqual([]);
  });
});

test('limits that are none, and huge pages, are told in words', () => {
  const limits = { openFiles: Number.POSITIVE_INFINITY, lockedMemory: Number.POSITIVE_INFINITY };
  const hugePages = { transparent: undefined, reserved: { 2048: 7, 1048576: 2 } };
  const lines = linesFor(kvmIn('busy', { limits, hugePages }));
  expect(lines).toContain('limits      any number of open files, any amount of locked memory');
  expect(lines).toContain('huge pages  transparent: none, reserved: 7 of 2 MiB, 2 of 1.0 GiB');
});

describe('an unusable node', () => {
  test('that is not there', async () => {
    const { kvm } = await inspectHost({ device: join(folder, 'kvm'), root: folder });
    expect(kvm).toMatchObject({ state: 'no-module', advice: expect.stringContaining('modprobe') });
  });

  test('that is not there although the kernel has KVM', async () => {
    mkdirSync(join(folder, 'sys/module/kvm'), { recursive: true });
    const { kvm } = await inspectHost({ device: join(folder, 'kvm'), root: folder });
    expect(kvm.state).toBe('no-node');
  });

  test('that is a file', async () => {
    const device = join(folder, 'kvm');
    writeFileSync(device, '');
    const report = await inspectHost({ device, root: folder });
    expect(report).toMatchObject({ auto: { accelerator: 'wasm' }, kvm: { state: 'not-kvm' } });
    expect(report.wasm.mips).toBeGreaterThan(0);
    expect(formatReport(report)).toContain(`kvm         ${report.kvm.finding}\n            → ${report.kvm.advice}\n`);
  });
});

describe('the command', () => {
  test('says a line a fact, aligned', async () => {
    const { status, stdout, stderr } = await runCli(['doctor'], { PATH: makeFakeApt(folder), XDG_CACHE_HOME: folder });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(/^(?=.{12})[a-z ]* {2,}\S/);
    for (const heading of ['auto', 'wasm', 'kvm', 'processor', 'memory', 'node', 'guests']) {
      expect(stdout).toMatch(new RegExp(`^${heading} `, 'm'));
    }
    expect(stdout).toMatch(/^wasm {8}runs \d+ M instructions\/s$/m);
    expect(stdout).toContain('apt is here');
    expect(stdout).not.toMatch(/undefined|NaN|\[object|^ {2,}at /m);
  });

  test('prints everything as one object', async () => {
    const cache = new ImageCache(join(folder, 'vizor'));
    await cache.store('memtest', Buffer.from('kernel'), { package: 'memtest86+', version: '7', path: 'x' });
    const env = { PATH: '/nonexistent', XDG_CACHE_HOME: folder };
    const { status, stdout, stderr } = await runCli(['doctor', '--json'], env);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n')).toHaveLength(2);
    const report: HostReport = JSON.parse(stdout);
    expect(report).toMatchObject({
      auto: { accelerator: 'wasm' },
      wasm: { problem: null },
      kvm: { device: { path: '/dev/kvm' } },
      node: { version: process.versions.node, pinned: PINNED_NODE },
      guests: { cacheFolder: cache.folder, cached: [{ name: 'memtest', version: '7', size: 6 }], apt: false },
    });
    expect(Object.keys(STATES)).toContain(report.kvm.state);
    expect(report.wasm.mips).toBeGreaterThan(0);
    expect(report.memory.available).toBeLessThanOrEqual(report.memory.total);
  });

  test('refuses what it does not know', async () => {
    const { status, stderr } = await runCli(['doctor', '--yaml'], {});
    expect(status).toBe(125);
    expect(stderr).toMatch(/^vizor: unknown option '--yaml'.*\n$/);
  });
});

describe('where koffi does not load', () => {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (name === 'koffi') throw new Error('no binary for this host');
      return next(name, context);
    } });`;
  const env = {
    XDG_CACHE_HOME: '/nonexistent',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}`,
  };

  test('guests boot', async () => {
    const { status, stdout } = await runCli(['run', '-k', GUEST, '-i', 'none', '-m', '16M', '--timeout', '60'], env);
    expect(stdout).toContain('as it should be');
    expect(status).toBe(0);
  });

  test('the doctor says so', async () => {
    const { status, stdout, stderr } = await runCli(['doctor', '--json'], env);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ auto: { accelerator: 'wasm' }, kvm: { state: 'no-binding' } });
    expect((await runCli(['doctor'], env)).stdout).toMatch(/^kvm +cannot be looked at: koffi/m);
  });
});

test('the pinned Node is the one that the checkout installs', () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'));
  expect(manifest.devDependencies.node).toBe(PINNED_NODE);
});
