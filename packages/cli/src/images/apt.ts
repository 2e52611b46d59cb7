import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VizorError } from '@vizor/core';
import { errorCode } from '../files.ts';
import type { Reporter } from '../reporter.ts';

/** One version of a package, as the package lists (which the archive signs) describe it. */
export interface PackageRecord {
  name: string;
  version: string;
  /** Of the .deb, in bytes and as lower-case hex. */
  size: number;
  sha256: string;
  /** Names alone. */
  depends: string[];
}

interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

const NETWORK =
  /Could not (?:resolve|connect)|Temporary failure|Unable to connect|unreachable|Connection (?:failed|timed)/i;
const NO_SPACE = /No space left|Disk quota exceeded|don't have enough free space/i;
const GONE = /\b404\b|Version '.*' for '.*' was not found/;
const USE_OWN = 'give a kernel of your own with --kernel and --initramfs';
const PATIENCE = ['-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20', '-o', 'Acquire::https::Timeout=20'];

/** The first stanza of `apt-cache show`, or undefined when it is no package that could be fetched. */
export function parseStanza(text: string): PackageRecord | undefined {
  const stanza = text.split(/\n\s*\n/)[0] ?? '';
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]?.trim() ?? '';
  const sha256 = field('SHA256').toLowerCase();
  const record = { name: field('Package'), version: field('Version'), size: Number(field('Size')), sha256 };
  const sound = /^[a-z0-9][a-z0-9.+-]+$/.test(record.name) && /^[A-Za-z0-9.+:~-]+$/.test(record.version);
  if (!sound || !/^[0-9a-f]{64}$/.test(sha256) || !Number.isSafeInteger(record.size)) return undefined;
  const depends = field('Depends').split(/[,|]/);
  return { ...record, depends: depends.map((each) => /^\s*([^\s(:]+)/.exec(each)?.[1] ?? '').filter(Boolean) };
}

/**
 * Debian's package tools, as far as looking up and downloading goes; nothing is installed.
 *
 * The system's package lists are used where they know the package. Where they do not (containers ship without), root
 * updates them and everyone else gets lists of their own in `listsFolder`, which needs no rights.
 */
export class Apt {
  readonly #reporter: Reporter;
  readonly #ownLists: string[];
  readonly #listsFolder: string;
  readonly #isRoot = process.getuid?.() === 0;
  #lists: string[] = [];

  constructor(listsFolder: string, reporter: Reporter) {
    this.#reporter = reporter;
    this.#listsFolder = listsFolder;
    this.#ownLists = ['-o', `Dir::State::lists=${join(listsFolder, 'lists')}`, '-o', `Dir::Cache=${listsFolder}`];
  }

  /** @throws VizorError when there is no apt, no network, or no such package */
  async find(name: string): Promise<PackageRecord> {
    const known = await this.#show(name);
    if (known !== undefined) return known;
    const complaint = await this.update();
    const found = await this.#show(name);
    if (found !== undefined) return found;
    if (complaint !== '') throw this.#failure(`look up ${name}`, complaint);
    throw new VizorError('not-found', `look up ${name}`, 'no such package in the package lists of apt', {
      hint: `needs Debian's main archive in /etc/apt/sources.list; or ${USE_OWN}`,
    });
  }

  /**
   * The .deb of a package, fetched into `folder` and read; not verified.
   *
   * @throws VizorError `not-found` when the archive has moved on from the version that the package lists name
   */
  async download(record: PackageRecord, folder: string): Promise<Uint8Array> {
    const outcome = await this.#fetch(record, folder);
    if (outcome.status !== 0) throw this.#failure(`fetch ${record.name}`, outcome.stderr);
    const name = (await readdir(folder)).find((entry) => entry.endsWith('.deb'));
    if (name === undefined) throw this.#failure(`fetch ${record.name}`, 'apt-get downloaded nothing');
    return readFile(join(folder, name));
  }

  /** Update the package lists; what apt complained of, if it did. */
  async update(): Promise<string> {
    this.#reporter.say('updating the package lists');
    if (!this.#isRoot) {
      this.#lists = this.#ownLists;
      await mkdir(join(this.#listsFolder, 'lists', 'partial'), { recursive: true });
    }
    const { status, stderr } = await this.#run('apt-get', ['update', '-q', ...PATIENCE, ...this.#lists]);
    // Unreachable servers are warnings to apt-get update: it goes on with the lists it has.
    return status !== 0 || /Failed to fetch/.test(stderr) ? stderr : '';
  }

  async #show(name: string): Promise<PackageRecord | undefined> {
    const { stdout } = await this.#run('apt-cache', ['show', '--no-all-versions', ...this.#lists, name]);
    return parseStanza(stdout);
  }

  async #fetch(record: PackageRecord, folder: string): Promise<Outcome> {
    const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
    const watch = setInterval(async () => {
      const names = await readdir(folder).catch(() => []);
      const sizes = names.map((name) => stat(join(folder, name)).catch(() => ({ size: 0 })));
      const sum = (await Promise.all(sizes)).reduce((total, { size }) => total + size, 0);
      this.#reporter.progress(`fetching ${record.name}: ${megabytes(sum)} of ${megabytes(record.size)} MB`);
    }, 100);
    // As root, apt would download as a user that cannot write to the folder, and say so.
    const sandbox = this.#isRoot ? ['-o', 'APT::Sandbox::User=root'] : [];
    try {
      this.#reporter.say(`fetching ${record.name} ${record.version} (${megabytes(record.size)} MB)`);
      const wanted = `${record.name}=${record.version}`;
      return await this.#run('apt-get', ['download', '-q', ...PATIENCE, ...sandbox, ...this.#lists, wanted], folder);
    } finally {
      clearInterval(watch);
    }
  }

  #run(program: string, args: string[], cwd?: string): Promise<Outcome> {
    const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
    return new Promise((resolve, reject) => {
      execFile(program, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
        if (error === null) resolve({ status: 0, stdout, stderr });
        else if (errorCode(error) === 'ENOENT') {
          const hint = `needs Debian or a relative of it; or ${USE_OWN}`;
          reject(new VizorError('unsupported', 'fetch', `there is no ${program} here`, { hint, cause: error }));
        } else resolve({ status: typeof error.code === 'number' ? error.code : 1, stdout, stderr });
      });
    });
  }

  #failure(operation: string, complaint: string): VizorError {
    if (NO_SPACE.test(complaint)) {
      return new VizorError('host', operation, 'no space left', { hint: `free some, or ${USE_OWN}` });
    }
    if (NETWORK.test(complaint)) {
      const hint = `check the network and its proxies; or ${USE_OWN}`;
      return new VizorError('not-found', operation, "Debian's servers cannot be reached", { hint });
    }
    if (GONE.test(complaint)) {
      return new VizorError('not-found', operation, 'the archive does not have this version', { hint: USE_OWN });
    }
    const lines = complaint.split('\n').filter((line) => /^[EW]: /.test(line));
    const first = lines.find((line) => line.startsWith('E: ')) ?? lines[0] ?? complaint.trim().split('\n')[0];
    return new VizorError('host', operation, `apt failed: ${first?.replace(/^[EW]: /, '') || 'no reason given'}`, {
      hint: USE_OWN,
    });
  }
}
