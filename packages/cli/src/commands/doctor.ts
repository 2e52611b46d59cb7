import { constants, existsSync, readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { KvmReport, ProbeOptions } from '@vizor/kvm';
import { GuestMemory, RAM_MAX, RAM_MIN } from '@vizor/memory';
import { Command } from 'commander';
import { STATUS } from '../exit-status.ts';
import { describeFailure } from '../files.ts';
import { type CacheRecord, cacheFolder, ImageCache } from '../images/cache.ts';
import { CATALOG, DEFAULT_IMAGE } from '../images/catalog.ts';
import { findHostKernel } from '../images/host-kernel.ts';

/** The Node that the checkout's package.json pins. */
export const PINNED_NODE = '26.10.0';

/** The part of KVM's binding that is native code does not load. */
interface NoBinding {
  readonly state: 'no-binding';
  readonly finding: string;
  readonly advice: string;
}

/** What `vizor doctor --json` prints. Sizes are in bytes, speeds in millions of instructions a second. */
export interface HostReport {
  /** What `--accel auto` takes, why, and what would be better. */
  readonly auto: { readonly accelerator: 'wasm'; readonly reason: string; readonly advice: string | undefined };
  /** The software CPU: its speed in the loop that KVM is measured with, or why it does not run. */
  readonly wasm: { readonly mips: number | undefined; readonly problem: string | undefined };
  readonly kvm: KvmReport | NoBinding;
  readonly processor: { readonly model: string | undefined; readonly cpus: number };
  readonly memory: {
    readonly total: number;
    /** What this process can still get. */
    readonly available: number;
    /** The control group's limit. */
    readonly limit: number | undefined;
    /** RLIMIT_AS. */
    readonly addressSpace: number | undefined;
    readonly guestLeast: number;
    readonly guestMost: number;
  };
  readonly node: { readonly version: string; readonly pinned: string };
  readonly guests: {
    readonly cacheFolder: string;
    /** Why nothing can be put there. */
    readonly cacheProblem: string | undefined;
    readonly cached: readonly { readonly name: string; readonly version: string; readonly size: number }[];
    /** A kernel of the host's that boots where none is cached. */
    readonly hostKernel: string | undefined;
    /** Are apt's tools here, with which guests are fetched? */
    readonly apt: boolean;
  };
}

/** WebAssembly starts out with quickly made code, of a fifth of the speed; V8 takes up to 200 ms to make the better. */
const MEASURED_MS = 500;
const SLICE = 1_000_000;
const CODE = 0x1000;
const PML4 = 0x2000;
const PDPT = 0x3000;
const PD = 0x4000;
/** l: dec rcx; jnz l. KVM is measured with the same, so that the two can be compared. */
const LOOP = Uint8Array.of(0x48, 0xff, 0xc9, 0x75, 0xfb);
/** The first entry of each table: present, writable; the last is a 2 MiB page. */
const PAGE_TABLES = [
  [PML4, PDPT | 3],
  [PDPT, PD | 3],
  [PD, 0x83],
] as const;
const CR0_PE_ET_NE_PG = 0x8000_0031n;
const CR4_PAE = 0x20n;
const EFER_LME_LMA = 0x500n;
/** G, L, present, execute and read, accessed. */
const CODE_64 = 0xa09b;

/** Speed of the software CPU in a loop in 64-bit mode: the best slice of some, the others having been disturbed. */
async function measureSoftware(): Promise<number> {
  const { SoftwareVcpu } = await import('@vizor/cpu');
  const memory = new GuestMemory(RAM_MIN);
  memory.write(CODE, LOOP);
  for (const [table, entry] of PAGE_TABLES) memory.write(table, Uint8Array.of(entry, entry >> 8));
  const vcpu = new SoftwareVcpu(memory, {
    pioRead: () => 0,
    pioWrite() {},
    mmioRead: () => 0,
    mmioWrite() {},
    now: () => performance.now() * 1e6,
    acknowledgeInterrupt: () => 0,
    endOfInterrupt() {},
  });
  const { registers } = vcpu;
  registers.set('cr0', CR0_PE_ET_NE_PG);
  registers.set('cr3', BigInt(PML4));
  registers.set('cr4', CR4_PAE);
  registers.set('efer', EFER_LME_LMA);
  registers.set('rip', BigInt(CODE));
  registers.setSegment('cs', { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: CODE_64 });
  vcpu.sync();
  let best = 0;
  const end = performance.now() + MEASURED_MS;
  for (let start = performance.now(), now = start; now < end; start = now) {
    const before = vcpu.instructions;
    const exit = vcpu.run(SLICE);
    if (exit !== 'slice') throw new Error(`a loop without an end ended (${exit})`);
    now = performance.now();
    best = Math.max(best, (vcpu.instructions - before) / (now - start) / 1000);
  }
  return best;
}

async function inspectSoftware(): Promise<HostReport['wasm']> {
  try {
    return { mips: await measureSoftware(), problem: undefined };
  } catch (error) {
    return { mips: undefined, problem: describeFailure(error) };
  }
}

/** The binding is loaded here and nowhere else in the command: guests boot on hosts for which it has no binary. */
async function inspectKvm(options: ProbeOptions): Promise<HostReport['kvm']> {
  let binding: typeof import('@vizor/kvm');
  try {
    binding = await import('@vizor/kvm');
  } catch {
    const finding = 'cannot be looked at: koffi, which calls the C library, does not load here';
    return { state: 'no-binding', finding, advice: 'wants Linux with glibc, and koffi installed with its binary' };
  }
  return binding.probe(options);
}

/** What `--accel auto` takes. */
export function choose(wasm: HostReport['wasm'], kvm: HostReport['kvm']): HostReport['auto'] {
  const reason = 'this build cannot run machines on KVM yet';
  const speed = kvm.state === 'no-binding' ? undefined : kvm.speed;
  if (speed === undefined || wasm.mips === undefined) return { accelerator: 'wasm', reason, advice: undefined };
  const times = speed.kernelMips / wasm.mips;
  if (times < 1) {
    const slower = `${reason}, and here KVM is ${factor(1 / times)} slower in kernel mode`;
    return { accelerator: 'wasm', reason: slower, advice: undefined };
  }
  const advice = `this host is ready for one that can: KVM is ${factor(times)} faster`;
  return { accelerator: 'wasm', reason, advice };
}

function factor(times: number): string {
  return `${times.toFixed(times < 10 ? 1 : 0)} times`;
}

function inspectMemory(): HostReport['memory'] {
  const total = totalmem();
  const limits = existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'utf8') : '';
  const addresses = /^Max address space\s+(\d+)/m.exec(limits)?.[1];
  const addressSpace = addresses === undefined ? undefined : Number(addresses);
  // Node takes RLIMIT_AS for such a limit, too.
  const limit = process.constrainedMemory();
  const isLimited = limit > 0 && limit < Math.min(total, addressSpace ?? total);
  return {
    total,
    available: process.availableMemory(),
    limit: isLimited ? limit : undefined,
    addressSpace,
    guestLeast: RAM_MIN,
    guestMost: RAM_MAX,
  };
}

async function allows(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

async function hasProgram(name: string): Promise<boolean> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const found = await Promise.all(folders.map((folder) => allows(join(folder, name), constants.X_OK)));
  return found.includes(true);
}

/** The folder, or the nearest above it that exists: where it would be made. */
function nearestExisting(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestExisting(dirname(folder));
}

async function inspectGuests(): Promise<HostReport['guests']> {
  const cache = new ImageCache(cacheFolder());
  const cached: { name: string; version: string; size: number }[] = [];
  const parent = nearestExisting(cache.folder);
  const writable = await allows(parent, constants.W_OK | constants.X_OK);
  let cacheProblem = writable ? undefined : `${parent} cannot be written to`;
  for (const { name } of CATALOG) {
    let record: CacheRecord | undefined;
    try {
      record = (await cache.load(name))?.record;
    } catch (error) {
      cacheProblem ??= describeFailure(error);
    }
    if (record !== undefined) cached.push({ name, version: record.version, size: record.size });
  }
  const apt = (await hasProgram('apt-get')) && (await hasProgram('apt-cache'));
  const hostKernel = (await findHostKernel())?.path;
  return { cacheFolder: cache.folder, cacheProblem, cached, hostKernel, apt };
}

/** Look at everything. Never throws for what it finds. */
export async function inspectHost(options: ProbeOptions = {}): Promise<HostReport> {
  const wasm = await inspectSoftware();
  const kvm = await inspectKvm(options);
  return {
    auto: choose(wasm, kvm),
    wasm,
    kvm,
    processor: { model: cpus()[0]?.model.trim(), cpus: availableParallelism() },
    memory: inspectMemory(),
    node: { version: process.versions.node, pinned: PINNED_NODE },
    guests: await inspectGuests(),
  };
}

/** A fact under a heading, or, where the heading is empty, one more under the last; and what to do about it. */
interface Line {
  readonly heading: string;
  readonly fact: string;
  readonly hint?: string | undefined;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** Below this, the default guest of 512 MiB and its monitor are at risk. */
const COMFORTABLE = 768 * MIB;
/** V8 reserves many times what it uses, in each of the threads of a machine, and ends the process where it cannot. */
const ADDRESSES_WANTED = 32 * GIB;

function size(bytes: number): string {
  return bytes < GIB ? `${Math.floor(bytes / MIB)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;
}

function kvmLines(kvm: HostReport['kvm']): Line[] {
  const lines: Line[] = [{ heading: 'kvm', fact: kvm.finding, hint: kvm.advice }];
  if (kvm.state === 'no-binding') return lines;
  const { device, modules, apiVersion } = kvm;
  const node = [
    ...(device.mode === undefined ? [] : [`${device.path} has mode ${device.mode}, group ${device.group}`]),
    ...(apiVersion === undefined ? [] : [`API version ${apiVersion}`]),
    ...(modules.length === 0 ? [] : [`modules ${modules.join(' ')}`]),
  ];
  if (node.length > 0) lines.push({ heading: '', fact: node.join(', ') });
  const names = Object.keys(kvm.capabilities);
  if (names.length > 0) {
    const missing = names.filter((name) => kvm.capabilities[name] === 0);
    const without = missing.length === 0 ? '' : ` (not ${missing.join(', ')})`;
    const has = `has ${names.length - missing.length} of ${names.length} capabilities that matter${without}`;
    lines.push({ heading: '', fact: has });
  }
  return lines;
}

function limitLines(kvm: HostReport['kvm']): Line[] {
  if (kvm.state === 'no-binding') return [];
  const { openFiles, lockedMemory } = kvm.limits;
  const locked = Number.isFinite(lockedMemory) ? `${size(lockedMemory)} of` : 'any amount of';
  const files = Number.isFinite(openFiles) ? openFiles : 'any number of';
  const { transparent, reserved } = kvm.hugePages;
  const pools = Object.entries(reserved).filter(([, count]) => count > 0);
  const kept = pools.map(([kib, count]) => `${count} of ${size(Number(kib) * 1024)}`).join(', ');
  return [
    { heading: 'limits', fact: `${files} open files, ${locked} locked memory` },
    { heading: 'huge pages', fact: `transparent: ${transparent ?? 'none'}, reserved: ${kept || 'none'}` },
  ];
}

function memoryLine({ total, available, limit, addressSpace, guestLeast, guestMost }: HostReport['memory']): Line {
  const fact = [
    `${size(available)} free of ${size(limit ?? total)}${limit === undefined ? '' : ' (limit of the control group)'}`,
    ...(addressSpace === undefined ? [] : [`addresses limited to ${size(addressSpace)}`]),
    `a guest takes ${guestLeast / MIB} to ${Math.floor(guestMost / MIB)} MiB`,
  ].join(', ');
  if (addressSpace !== undefined && addressSpace < ADDRESSES_WANTED) {
    return { heading: 'memory', fact, hint: 'V8 may die at the start of a guest with so few: ulimit -v unlimited' };
  }
  const hint = available < COMFORTABLE ? 'give guests less than the usual 512M: --memory 128M' : undefined;
  return { heading: 'memory', fact, hint };
}

function guestLines({ cacheFolder: folder, cacheProblem, cached, hostKernel, apt }: HostReport['guests']): Line[] {
  const list = cached.map(({ name, size: bytes }) => `${name} ${(bytes / 1e6).toFixed(1)} MB`).join(', ');
  const hasDefault = cached.some(({ name }) => name === DEFAULT_IMAGE.name);
  const unusable = cacheProblem === undefined ? '' : `, which is no use: ${cacheProblem}`;
  const cache: Line = {
    heading: 'guests',
    fact: `${list === '' ? 'none cached' : list} in ${folder}${unusable}`,
    hint: unusable === '' ? undefined : 'set XDG_CACHE_HOME to a folder that can be written to, with 150 MB free',
  };
  const own = hostKernel === undefined ? [] : [{ heading: '', fact: `${hostKernel} can be booted` }];
  const fetch: Line = apt
    ? { heading: '', fact: "apt is here to fetch Debian's" }
    : {
        heading: '',
        fact: 'no apt, so none can be fetched',
        hint: hasDefault ? undefined : 'give a kernel of your own with --kernel and --initramfs',
      };
  return [cache, ...own, fetch];
}

function nodeLine({ version, pinned }: HostReport['node']): Line {
  if (version === pinned) return { heading: 'node', fact: `${version}, the pinned one` };
  return { heading: 'node', fact: `${version}, not the pinned ${pinned}`, hint: 'start Vizor with npx vizor' };
}

/** The report as people read it: a line a fact, and one with an arrow where something can be done. */
export function formatReport({ auto, wasm, kvm, processor, memory, node, guests }: HostReport): string {
  const nested = kvm.state !== 'no-binding' && kvm.nested ? ', themselves virtual' : '';
  const lines: Line[] = [
    { heading: 'auto', fact: `takes ${auto.accelerator}: ${auto.reason}`, hint: auto.advice },
    {
      heading: 'wasm',
      fact: wasm.mips === undefined ? `does not run: ${wasm.problem}` : `runs ${wasm.mips.toFixed(0)} M instructions/s`,
    },
    ...kvmLines(kvm),
    { heading: 'processor', fact: `${processor.model ?? 'unknown'}, CPUs: ${processor.cpus}${nested}` },
    memoryLine(memory),
    ...limitLines(kvm),
    nodeLine(node),
    ...guestLines(guests),
  ];
  const width = Math.max(...lines.map(({ heading }) => heading.length)) + 2;
  return lines
    .flatMap(({ heading, fact, hint }) => [
      `${heading.padEnd(width)}${fact}\n`,
      ...(hint === undefined ? [] : [`${''.padEnd(width)}→ ${hint}\n`]),
    ])
    .join('');
}

/** One line of JSON. Every field is there: `null` stands for what is not known and for "no limit". */
function serialize(report: HostReport): string {
  return `${JSON.stringify(report, (_key, value: unknown) => value ?? null)}\n`;
}

const HELP = `
Speeds are those of a loop of two instructions, which the software CPU and KVM run alike.`;

/** `vizor doctor`. */
export function doctorCommand(finish: (status: number) => void): Command {
  return new Command('doctor')
    .summary('tell what this host offers')
    .description('Tell which accelerators and guests this host offers, why, and what would be better.')
    .option('--json', 'print it as one object')
    .addHelpText('after', HELP)
    .action(async ({ json }: { json?: true }) => {
      const report = await inspectHost();
      process.stdout.write(json ? serialize(report) : formatReport(report));
      finish(STATUS.OK);
    });
}
