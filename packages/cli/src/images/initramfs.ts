import { createHash } from 'node:crypto';
import { buildInitramfs } from '@vizor/loader';
import { sha256 } from './cache.ts';

const PROBE_BYTES = 2 ** 18;

/** Vizor's own initramfs, and the SHA-256 that its init shows of a file in it, when it shows the guest. */
export interface OwnInitramfs {
  bytes: Uint8Array;
  checksum?: string;
}

/** Busybox, and an init that runs `command`, or, without one, shows the guest. */
export function ownInitramfs(busybox: Uint8Array, command: readonly string[]): OwnInitramfs {
  if (command.length > 0) return { bytes: buildInitramfs({ busybox, command }) };
  const probe = createHash('shake256', { outputLength: PROBE_BYTES }).update('vizor probe').digest();
  return { bytes: buildInitramfs({ busybox, probe }), checksum: sha256(probe) };
}
