import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { VizorError } from '@vizor/core';
import { describeFailure, errorCode } from '../files.ts';

/** What the cache remembers of a file. */
export interface CacheRecord {
  /** Debian package, its version, and the file's path in it. */
  package: string;
  version: string;
  path: string;
  /** Of the file, in bytes and as lower-case hex. */
  size: number;
  sha256: string;
  /** ISO 8601. */
  fetched: string;
}

/** A download folder this old was left by a process that is gone. */
const STALE_MS = 3_600_000;
const TEMPORARY = 'download-';

/** SHA-256 as lower-case hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** `$XDG_CACHE_HOME/vizor` or `~/.cache/vizor`. The specification wants relative values of the variable ignored. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME: base = '' } = environment;
  return join(isAbsolute(base) ? base : join(homedir(), '.cache'), 'vizor');
}

/**
 * Fetched guests: a file and a JSON record each. Both are put in place whole, and a file that does not match its record
 * (cut off, altered, from a half-done update) counts as absent.
 */
export class ImageCache {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A cached file, verified; undefined when there is none that can be trusted. */
  async load(name: string): Promise<{ bytes: Uint8Array; record: CacheRecord } | undefined> {
    const record = await this.#record(name);
    if (record === undefined) return undefined;
    try {
      const bytes = await readFile(this.#file(name));
      return sha256(bytes) === record.sha256 ? { bytes, record } : undefined;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw this.#failure(error);
    }
  }

  /** The record of a cached file, unverified. */
  async #record(name: string): Promise<CacheRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.#recordFile(name), 'utf8'));
    } catch (error) {
      if (error instanceof SyntaxError || errorCode(error) === 'ENOENT') return undefined;
      throw this.#failure(error);
    }
  }

  async store(
    name: string,
    bytes: Uint8Array,
    record: Omit<CacheRecord, 'size' | 'sha256' | 'fetched'>,
  ): Promise<void> {
    const full: CacheRecord = {
      ...record,
      size: bytes.length,
      sha256: sha256(bytes),
      fetched: new Date().toISOString(),
    };
    await this.#replace(this.#file(name), bytes);
    await this.#replace(this.#recordFile(name), `${JSON.stringify(full, null, 2)}\n`);
  }

  /** Forget a file. False when it was not there. */
  async remove(name: string): Promise<boolean> {
    try {
      const known = (await this.#record(name)) !== undefined;
      await rm(this.#recordFile(name), { force: true });
      await rm(this.#file(name), { force: true });
      return known;
    } catch (error) {
      throw error instanceof VizorError ? error : this.#failure(error);
    }
  }

  /** An empty folder on the cache's file system for a download; gone when disposed of. */
  async temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
    try {
      await mkdir(this.folder, { recursive: true });
      await this.#removeStale();
      const path = await mkdtemp(join(this.folder, TEMPORARY));
      return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #removeStale(): Promise<void> {
    for (const name of (await readdir(this.folder)).filter((entry) => entry.startsWith(TEMPORARY))) {
      const path = join(this.folder, name);
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > STALE_MS) await rm(path, { recursive: true, force: true });
    }
  }

  async #replace(path: string, content: Uint8Array | string): Promise<void> {
    const partial = `${path}.${randomUUID()}`;
    try {
      await mkdir(this.folder, { recursive: true });
      await writeFile(partial, content, { flush: true });
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true }).catch(() => {});
      throw this.#failure(error);
    }
  }

  #file(name: string): string {
    return join(this.folder, `${name}.bin`);
  }

  #recordFile(name: string): string {
    return join(this.folder, `${name}.json`);
  }

  #failure(error: unknown): VizorError {
    return new VizorError('host', `cache ${this.folder}`, describeFailure(error), {
      hint: 'set XDG_CACHE_HOME to a folder that can be written to, with 150 MB free',
      cause: error,
    });
  }
}
