import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { probe } from '@vizor/kvm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeKvm, footprint } from './support/host.ts';

const INDEX = new URL('../src/index.ts', import.meta.url).href;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vizor-doctor-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function place(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

describe('a host without KVM', () => {
  test('has no module', () => {
    expect(probe({ device: join(root, 'kvm'), root })).toMatchObject({
      state: 'no-module',
      advice: expect.stringContaining('modprobe'),
      modules: [],
      nested: undefined,
      device: { mode: undefined },
      hugePages: { transparent: undefined, reserved: {} },
    });
  });

  test('has the module, but no node', () => {
    place({ 'sys/module/kvm/x': '', 'sys/module/kvm_amd/x': '', 'sys/module/other/x': '' });
    const report = probe({ device: join(root, 'kvm'), root });
    expect(report).toMatchObject({ state: 'no-node', modules: ['kvm', 'kvm_amd'] });
    expect(report.advice).toContain('--device');
  });

  test('has something else at the node', () => {
    place({ kvm: '' });
    expect(probe({ device: join(root, 'kvm'), root })).toMatchObject({ state: 'not-kvm' });
  });

  test.skipIf(process.getuid?.() !== 0)('has a node that this user may not open', () => {
    place({ kvm: '' });
    const source = `import { probe } from '${INDEX}'; process.setuid(65534);
      console.log(JSON.stringify(probe({ device: process.argv[1] })));`;
    spawnSync('chmod', ['755', root]);
    spawnSync('chmod', ['600', join(root, 'kvm')]);
    const arguments_ = ['--input-type=module-typescript', '-e', source, join(root, 'kvm')];
    const { stdout, stderr } = spawnSync(process.execPath, arguments_, { encoding: 'utf8' });
    expect(JSON.parse(stdout || JSON.stringify(stderr))).toMatchObject({
      state: 'no-permission',
      device: { mode: '600' },
    });
  });

  test('tells huge pages, and whether it is a VM', () => {
    place({
      'proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu hypervisor sse\n',
      'sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never\n',
      'sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '7\n',
      'sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '0\n',
    });
    expect(probe({ device: join(root, 'kvm'), root })).toMatchObject({
      nested: true,
      hugePages: { transparent: 'madvise', reserved: { 2048: 7, 1048576: 0 } },
    });
  });
});

describeKvm('a host with KVM', () => {
  test('is measured, and left as it was', () => {
    probe();
    const before = footprint();
    const report = probe();
    expect(['native', 'interpreted']).toContain(report.state);
    expect(report.apiVersion).toBe(12);
    expect(report.speed?.kernelMips).toBeGreaterThan(0);
    expect(report.speed?.userMips).toBeGreaterThan(0);
    expect(report.capabilities.NR_MEMSLOTS).toBeGreaterThan(31);
    expect(report.limits.openFiles).toBeGreaterThan(0);
    expect(report.device.mode).toMatch(/^[0-7]{3}$/);
    expect(footprint()).toMatchObject({ descriptors: before.descriptors, mappings: before.mappings });
  });
});
