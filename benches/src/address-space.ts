// A process's address space as Linux shows it: /proc/PID/maps (proc(5)) and /proc/PID/pagemap
// (Documentation/admin-guide/mm/pagemap.rst).
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const PAGE = 4096;
const ENTRY = 8;
/** Bit 63 of an entry, seen in its high word: the page is in memory. */
const PRESENT = 0x80000000;

export interface Mapping {
  readonly start: number;
  readonly size: number;
}

/** Readable and writable anonymous mappings of a process. */
export function anonymousMappings(pid: number): Mapping[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) rw.p \S+ \S+ 0\s*$/.exec(line))
    .filter((match) => match !== null)
    .map(([, from, to]) => {
      const start = Number.parseInt(from!, 16);
      return { start, size: Number.parseInt(to!, 16) - start };
    });
}

/** Addresses of a process's pages in a range that are in memory. */
export function residentPages(pid: number, { start, size }: Mapping): number[] {
  const entries = readAt(`/proc/${pid}/pagemap`, (start / PAGE) * ENTRY, (size / PAGE) * ENTRY);
  const view = new DataView(entries.buffer);
  const resident: number[] = [];
  for (let i = 0; i < size / PAGE; i++) {
    if (view.getUint32(i * ENTRY + 4, true) & PRESENT) resident.push(start + i * PAGE);
  }
  return resident;
}

/** How many of a process's pages hold anything but zeros. */
export function countNonZero(pid: number, pages: readonly number[]): number {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const bytes = Buffer.alloc(PAGE);
  const zeros = Buffer.alloc(PAGE);
  try {
    return pages.filter((page) => readSync(memory, bytes, 0, PAGE, page) === PAGE && !bytes.equals(zeros)).length;
  } finally {
    closeSync(memory);
  }
}

function readAt(path: string, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const file = openSync(path, 'r');
  try {
    for (let done = 0; done < length; ) {
      const got = readSync(file, bytes, done, length - done, position + done);
      if (got === 0) throw new Error(`${path}: ends at ${position + done}`);
      done += got;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}
