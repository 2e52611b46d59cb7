import { VizorError } from '@vizor/core';
import { INIT_FLAGS } from '@vizor/loader';
import { readUserFile } from '../files.ts';
import type { Reporter } from '../reporter.ts';
import { builtinGuest } from './builtin.ts';
import type { ImageCache } from './cache.ts';
import { BUSYBOX, type CatalogEntry, DEFAULT_IMAGE, findImage, LINUX_CMDLINE } from './catalog.ts';
import { fetchImage, obtainImage } from './fetch.ts';
import { findHostKernel } from './host-kernel.ts';
import { ownInitramfs } from './initramfs.ts';

/** What the user asked to boot. */
export interface GuestWish {
  /** A name of the catalogue. */
  image?: string | undefined;
  /** Files. */
  kernel?: string;
  initramfs?: string;
  cmdline?: string;
  /** To be run by Vizor's own init; none when empty. */
  command: string[];
  /** Should Vizor's own init end in a shell? */
  shell: boolean;
  /** Is the guest's console a file or pipe, which wants no echo and plain newlines? */
  pipe: boolean;
}

/** What a machine boots. */
export interface Guest {
  label: string;
  kernel: Uint8Array;
  initramfs?: Uint8Array;
  cmdline: string;
  /** SHA-256 that the guest shows when its processor and memory work. */
  checksum?: string;
}

interface Kernel {
  label: string;
  bytes: Uint8Array;
  cmdline: string;
  /** Does it get Vizor's own initramfs? */
  wantsInitramfs: boolean;
}

/** The kernel keeps quiet, but for its last words: the console belongs to COMMAND. */
const COMMAND_CMDLINE = `${LINUX_CMDLINE} loglevel=1`;
const NO_INITRAMFS = 'none';

function checkWish(wish: GuestWish, entry: CatalogEntry): void {
  if (wish.image !== undefined && wish.kernel !== undefined) {
    throw new VizorError('usage', 'run', `give either the image ${wish.image} or --kernel, not both`);
  }
  if (entry.boot === undefined) {
    throw new VizorError('usage', `image ${entry.name}`, 'is a part of a guest and cannot boot by itself');
  }
  const isOwn = wish.initramfs === undefined && (wish.kernel !== undefined || entry.boot.initramfs);
  if (wish.command.length > 0 && !isOwn) {
    throw new VizorError('usage', 'run', "COMMAND needs Vizor's own initramfs", {
      hint: 'leave --initramfs out and boot a Linux kernel',
    });
  }
}

async function findKernel(
  wish: GuestWish,
  entry: CatalogEntry,
  cache: ImageCache,
  reporter: Reporter,
): Promise<Kernel> {
  if (wish.kernel !== undefined) {
    const bytes = await readUserFile(wish.kernel, 'kernel');
    return { label: wish.kernel, bytes, cmdline: LINUX_CMDLINE, wantsInitramfs: true };
  }
  const boot = { cmdline: entry.boot?.cmdline ?? '', wantsInitramfs: entry.boot?.initramfs ?? false };
  if (wish.image !== undefined) {
    return { ...boot, label: entry.name, bytes: await obtainImage(entry, cache, reporter) };
  }
  const cached = await cache.load(entry.name);
  if (cached !== undefined) return { ...boot, label: cached.record.package, bytes: cached.bytes };
  const host = await findHostKernel();
  if (host !== undefined) return { ...boot, label: host.path, bytes: host.bytes };
  const fetched = await fetchImage(entry, cache, reporter);
  return { ...boot, label: fetched.package, bytes: fetched.bytes };
}

async function assemble(wish: GuestWish, entry: CatalogEntry, cache: ImageCache, reporter: Reporter): Promise<Guest> {
  const isNamed = wish.initramfs !== undefined && wish.initramfs !== NO_INITRAMFS;
  // Read before anything is fetched, so that a wrong name shows at once.
  const named = isNamed ? await readUserFile(wish.initramfs ?? '', 'initramfs') : undefined;
  const kernel = await findKernel(wish, entry, cache, reporter);
  const isCommand = wish.command.length > 0;
  const cmdline = wish.cmdline ?? (isCommand ? COMMAND_CMDLINE : kernel.cmdline);
  const guest = { label: kernel.label, kernel: kernel.bytes, cmdline };
  if (named !== undefined) return { ...guest, initramfs: named };
  if (wish.initramfs === NO_INITRAMFS || !kernel.wantsInitramfs) return guest;
  const { bytes, checksum } = ownInitramfs(await obtainImage(BUSYBOX, cache, reporter), wish.command);
  const flags = [...(wish.shell ? [INIT_FLAGS.SHELL] : []), ...(wish.pipe ? [INIT_FLAGS.PIPE] : [])];
  return {
    ...guest,
    initramfs: bytes,
    cmdline: [cmdline, ...flags].join(' '),
    // A kernel of the user's own need not run what the initramfs holds.
    ...(checksum === undefined || wish.kernel !== undefined ? {} : { checksum }),
  };
}

/** Whether a guest is nowhere to be had: no apt, no network, no such package. A full disk, say, is another matter. */
function isNotToBeHad(error: unknown): error is VizorError {
  return error instanceof VizorError && (error.code === 'not-found' || error.code === 'unsupported');
}

/**
 * The guest that the user asked for. By default that is, in this order: the cached cloud kernel, the host's own kernel,
 * Debian's cloud kernel, and, where none can be had, the project's tiny guest.
 *
 * @throws VizorError when the wish contradicts itself, a file cannot be read, or nothing can be fetched
 */
export async function resolveGuest(wish: GuestWish, cache: ImageCache, reporter: Reporter): Promise<Guest> {
  const entry = wish.image === undefined ? DEFAULT_IMAGE : findImage(wish.image);
  checkWish(wish, entry);
  try {
    return await assemble(wish, entry, cache, reporter);
  } catch (error) {
    const isDefault = wish.image === undefined && wish.kernel === undefined && wish.command.length === 0;
    const tiny = isDefault && wish.initramfs === undefined ? builtinGuest() : undefined;
    if (tiny === undefined || !isNotToBeHad(error)) throw error;
    reporter.warn(error.message);
    reporter.warn("booting Vizor's own tiny guest instead; give it a real one with --kernel FILE");
    return { label: 'tiny', kernel: tiny.kernel, cmdline: '' };
  }
}
