// What stands between this host and fast virtual machines: the KVM part of `vizor doctor`.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { VizorError } from '@vizor/core';
import { CAP, LIMITS } from './generated/constants.ts';
import { REQUESTS } from './generated/requests.ts';
import { Kvm, openHint } from './kvm.ts';
import { measureSpeed, type Speed } from './measure.ts';
import { describeErrno, errnoName } from './native/errno.ts';
import { close, errno, ioctlNumber, O_RDWR_CLOEXEC, open } from './native/libc.ts';
import { resourceLimit } from './native/limits.ts';
import { errnoOf } from './native/system-error.ts';

/**
 * Whether there is KVM, or why not.
 *
 * - `native`: guests run on the processor, kernel and all.
 * - `interpreted`: KVM opens, but the host's kernel interprets the guest's kernel mode.
 * - `no-node`: the module is there, the device node is not (a container).
 * - `no-module`: the kernel has no KVM, or its module is not loaded.
 * - `no-permission`: the node may not be opened by this user.
 * - `not-kvm`: the node is something else.
 * - `wrong-version`: KVM speaks another version of its API.
 * - `busy`: another hypervisor has the processor's virtualization.
 * - `disabled`: the firmware has switched it off.
 * - `failed`: a machine could not be made for another reason.
 */
export type KvmState =
  | 'native'
  | 'interpreted'
  | 'no-node'
  | 'no-module'
  | 'no-permission'
  | 'not-kvm'
  | 'wrong-version'
  | 'busy'
  | 'disabled'
  | 'failed';

/** Capabilities that decide what a machine can use. */
const CAPABILITIES_THAT_MATTER = [
  ...['NR_MEMSLOTS', 'NR_VCPUS', 'MAX_VCPUS', 'IRQCHIP', 'SPLIT_IRQCHIP', 'PIT2', 'IRQFD', 'IRQFD_RESAMPLE'],
  ...['IOEVENTFD', 'SIGNAL_MSI', 'COALESCED_PIO', 'READONLY_MEM', 'IMMEDIATE_EXIT', 'SYNC_REGS'],
  ...['MANUAL_DIRTY_LOG_PROTECT2', 'DIRTY_LOG_RING_ACQ_REL', 'XSAVE2', 'TSC_CONTROL', 'ADJUST_CLOCK'],
  ...['X86_DISABLE_EXITS', 'EXIT_ON_EMULATION_FAILURE', 'NESTED_STATE', 'GUEST_MEMFD', 'BINARY_STATS_FD'],
] as const;

export interface KvmReport {
  readonly state: KvmState;
  /** One line: what is the matter. */
  readonly finding: string;
  /** What to do for a better answer, where there is something. */
  readonly advice: string | undefined;
  readonly device: { readonly path: string; readonly mode: string | undefined; readonly group: number | undefined };
  /** KVM's modules, built in or loaded: `kvm`, `kvm_intel`… */
  readonly modules: readonly string[];
  readonly apiVersion: number | undefined;
  /** The host's answers, by name without `KVM_CAP_`. */
  readonly capabilities: Readonly<Record<string, number>>;
  readonly speed: Speed | undefined;
  /** The host is a virtual machine itself; undefined where it does not tell. */
  readonly nested: boolean | undefined;
  readonly limits: { readonly openFiles: number; readonly lockedMemory: number };
  readonly hugePages: {
    /** `always`, `madvise`, `never`; undefined where the kernel has none. */
    readonly transparent: string | undefined;
    /** Reserved pages by their size in KiB. */
    readonly reserved: Readonly<Record<number, number>>;
  };
}

export interface ProbeOptions {
  /** Instead of `/dev/kvm`. */
  readonly device?: string;
  /** Folder that holds `proc` and `sys`, instead of `/`. */
  readonly root?: string;
}

/** Guest kernels run natively when the loop makes more than this; an interpreter makes a few. */
const NATIVE_MIPS = 50;

/** Find out. It makes three small VMs where it can, and never throws for what it finds. */
export function probe({ device = '/dev/kvm', root = '/' }: ProbeOptions = {}): KvmReport {
  const modules = modulesIn(root);
  const opened = openDevice(device, modules);
  const used = opened.state === undefined ? useKvm(device) : opened;
  return {
    capabilities: {},
    speed: undefined,
    apiVersion: undefined,
    ...used,
    device: describeDevice(device),
    modules,
    nested: isNested(root),
    limits: { openFiles: resourceLimit('openFiles'), lockedMemory: resourceLimit('lockedMemory') },
    hugePages: hugePagesIn(root),
  };
}

interface Finding {
  readonly state: KvmState;
  readonly finding: string;
  readonly advice: string | undefined;
}

type Used = Finding & Partial<Pick<KvmReport, 'capabilities' | 'speed' | 'apiVersion'>>;

/** Why the node does not open as KVM, if it does not. */
function openDevice(device: string, modules: readonly string[]): Used | { state: undefined } {
  const fd = open(device, O_RDWR_CLOEXEC);
  if (fd < 0) return whyNotOpen(device, errno(), modules);
  const version = ioctlNumber(fd, REQUESTS.KVM_GET_API_VERSION, 0);
  const problem = version < 0 ? errno() : 0;
  close(fd);
  if (version < 0) {
    const finding = `${device} is not KVM (${describeErrno(problem)})`;
    return { state: 'not-kvm', finding, advice: 'put the kernel’s device node in its place' };
  }
  if (version !== LIMITS.API_VERSION) {
    const finding = `KVM speaks version ${version} of its API, not ${LIMITS.API_VERSION}`;
    return { state: 'wrong-version', finding, advice: 'use a newer kernel', apiVersion: version };
  }
  return { state: undefined };
}

function whyNotOpen(device: string, number: number, modules: readonly string[]): Finding {
  const name = errnoName(number);
  const finding = `${device} does not open: ${describeErrno(number)}`;
  const advice = openHint(name);
  if (name === 'EACCES' || name === 'EPERM') return { state: 'no-permission', finding, advice };
  if (name === 'EBUSY') return { state: 'busy', finding, advice };
  if (name === 'ENODEV' || name === 'ENXIO') return { state: 'no-module', finding, advice };
  if (name !== 'ENOENT') return { state: 'failed', finding, advice };
  if (modules.includes('kvm')) {
    const found = `the kernel has KVM, but ${device} is not there`;
    return { state: 'no-node', finding: found, advice: `pass it into the container: --device ${device}` };
  }
  const cause = 'modprobe kvm_intel or kvm_amd; in a VM, enable nested virtualization; else switch VT-x or SVM on';
  return { state: 'no-module', finding: 'the kernel has no KVM, or its module is not loaded', advice: cause };
}

/** Make a machine, and see how it runs. */
function useKvm(device: string): Used {
  let known: Partial<Used> = {};
  try {
    using kvm = Kvm.open(device);
    const capabilities = Object.fromEntries(CAPABILITIES_THAT_MATTER.map((name) => [name, kvm.check(CAP[name])]));
    known = { apiVersion: kvm.apiVersion, capabilities };
    const speed = measureSpeed(kvm);
    return { ...known, speed, ...judge(speed) };
  } catch (error) {
    if (!(error instanceof VizorError)) throw error;
    const name = errnoOf(error);
    const state = name === 'EBUSY' ? 'busy' : name === 'EOPNOTSUPP' ? 'disabled' : 'failed';
    return { ...known, state, finding: error.message, advice: error.hint };
  }
}

function judge({ kernelMips, userMips }: Speed): Finding {
  const rates = `${kernelMips.toFixed(1)} M instructions/s in kernel mode, ${userMips.toFixed(0)} in user mode`;
  if (kernelMips >= NATIVE_MIPS)
    return { state: 'native', finding: `KVM runs guests natively (${rates})`, advice: undefined };
  const finding = `KVM interprets the guest's kernel (${rates})`;
  return { state: 'interpreted', finding, advice: 'use the software CPU here, or a host with hardware virtualization' };
}

function describeDevice(path: string): KvmReport['device'] {
  const stat = statSync(path, { throwIfNoEntry: false });
  return { path, mode: stat === undefined ? undefined : (stat.mode & 0o777).toString(8), group: stat?.gid };
}

function modulesIn(root: string): string[] {
  return namesIn(join(root, 'sys/module')).filter((name) => /^kvm(_|$)/.test(name));
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** A processor says that it is virtual by a CPUID bit, which Linux calls `hypervisor`. */
function isNested(root: string): boolean | undefined {
  const flags = /^flags\s*:(.*)$/m.exec(textOf(join(root, 'proc/cpuinfo')) ?? '')?.[1];
  return flags?.split(/\s+/).includes('hypervisor');
}

function hugePagesIn(root: string): KvmReport['hugePages'] {
  const mm = join(root, 'sys/kernel/mm');
  const transparent = /\[(\w+)\]/.exec(textOf(join(mm, 'transparent_hugepage/enabled')) ?? '')?.[1];
  const reserved: Record<number, number> = {};
  for (const name of namesIn(join(mm, 'hugepages'))) {
    const size = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]);
    if (size > 0) reserved[size] = Number(textOf(join(mm, 'hugepages', name, 'nr_hugepages')) ?? 0);
  }
  return { transparent, reserved };
}
