import { poll as pollFds } from './libc.ts';
import { systemError } from './system-error.ts';

/** What to wait for and what came (poll(2)). */
export const POLL = Object.freeze({ IN: 1, OUT: 4, ERR: 8, HUP: 16, NVAL: 32 });

/** What became of one descriptor, as bits of {@link POLL}; 0 for nothing. */
export type PollResult = number;

/**
 * Wait until one of the descriptors can be read.
 *
 * @param timeout in milliseconds; 0 to look only, -1 to wait without end
 * @returns for each descriptor what it is ready for
 */
export function pollReadable(fds: readonly number[], timeout: number): PollResult[] {
  const entries = new DataView(new ArrayBuffer(Math.max(fds.length, 1) * 8));
  fds.forEach((fd, i) => {
    entries.setInt32(i * 8, fd, true);
    entries.setInt16(i * 8 + 4, POLL.IN, true);
  });
  if (pollFds(entries, fds.length, timeout) < 0) throw systemError('poll');
  return fds.map((_, i) => entries.getInt16(i * 8 + 6, true));
}
