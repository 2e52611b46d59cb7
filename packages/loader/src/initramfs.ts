import { VizorError } from '@vizor/core';
import { imageError } from './bytes.ts';
import { type CpioEntry, cpioArchive } from './cpio.ts';
import { isElf } from './elf.ts';
import { DEFAULT_INIT } from './init-script.ts';
import { outbProgram } from './outb.ts';

export interface InitramfsOptions {
  /** A static busybox for x86-64. */
  readonly busybox: Uint8Array;
  /** Becomes /vizor/probe; init prints its SHA-256, which the host can compare. */
  readonly probe?: Uint8Array;
  /** Program and arguments for init to run instead of the show; any text but NUL, no quoting needed. */
  readonly command?: readonly string[];
  /** Text of /init. Default: {@link DEFAULT_INIT}. */
  readonly init?: string;
  /** More members; directories that they lie in are made. */
  readonly files?: readonly CpioEntry[];
}

const encoder = new TextEncoder();

/** The archive of a guest that is busybox and an init script. Throws a VizorError (`image`, `usage`) for bad options. */
export function buildInitramfs(options: InitramfsOptions): Uint8Array {
  const { busybox, probe, command, init = DEFAULT_INIT, files = [] } = options;
  if (!isElf(busybox)) throw imageError('busybox', 'is not an ELF program', 'give a static busybox for x86-64');
  const entries: CpioEntry[] = [
    ...['bin', 'sbin', 'usr/bin', 'usr/sbin', 'dev', 'etc', 'proc', 'sys', 'root', 'tmp', 'vizor'].map(
      (path): CpioEntry => ({ kind: 'directory', path }),
    ),
    // The kernel opens it for init before anything is mounted.
    { kind: 'device', path: 'dev/console', type: 'character', major: 5, minor: 1 },
    { kind: 'file', path: 'init', data: encoder.encode(init), mode: 0o755 },
    { kind: 'file', path: 'bin/busybox', data: busybox, mode: 0o755 },
    { kind: 'symlink', path: 'bin/sh', target: 'busybox' },
    { kind: 'file', path: 'etc/passwd', data: encoder.encode('root:x:0:0:root:/root:/bin/sh\n') },
    { kind: 'file', path: 'etc/group', data: encoder.encode('root:x:0:\n') },
    { kind: 'file', path: 'vizor/outb', data: outbProgram(), mode: 0o755 },
  ];
  if (probe) entries.push({ kind: 'file', path: 'vizor/probe', data: probe });
  if (command) entries.push({ kind: 'file', path: 'vizor/command', data: encoder.encode(commandScript(command)) });
  return cpioArchive(withParents([...entries, ...files]));
}

/** A shell script that becomes `argv`. In single quotes every character stands for itself but the quote. */
export function commandScript(argv: readonly string[]): string {
  if (argv.length === 0 || argv[0] === '') throw new VizorError('usage', 'command', 'is empty');
  if (argv.some((word) => word.includes('\0'))) throw new VizorError('usage', 'command', 'contains a NUL character');
  return `exec ${argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')}\n`;
}

/** The entries, each behind the directories it lies in; a directory given twice keeps its first place. */
function withParents(entries: readonly CpioEntry[]): CpioEntry[] {
  const made = new Set<string>();
  const all: CpioEntry[] = [];
  for (const entry of entries) {
    const parts = entry.path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join('/');
      if (!made.has(path)) all.push({ kind: 'directory', path });
      made.add(path);
    }
    if (!made.has(entry.path)) all.push(entry);
    if (entry.kind === 'directory') made.add(entry.path);
  }
  return all;
}
