import type { GuestMemory } from '@vizor/memory';
import type { GuestRange } from './boot-state.ts';
import { ImageReader, imageError, mib } from './bytes.ts';
import { placeKernel } from './placement.ts';

/** Executable and Linking Format, System V ABI chapters 4 and 5: what loading a kernel needs of it. */
export interface Elf {
  readonly bits: 32 | 64;
  /** Virtual entry address. */
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  readonly notes: readonly ElfNote[];
}

/** A PT_LOAD program header. */
export interface ElfSegment {
  /** p_paddr: where it is loaded. */
  readonly address: number;
  /** p_memsz: bytes it occupies; those beyond `bytes` are zero. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

export interface ElfNote {
  readonly name: string;
  readonly type: number;
  readonly description: Uint8Array;
}

const WHAT = 'ELF kernel';

const IDENT = Object.freeze({ CLASS: 4, DATA: 5 });
const CLASS = Object.freeze({ ELF32: 1, ELF64: 2 });
const LITTLE_ENDIAN = 1;
const TYPE = Object.freeze({ EXEC: 2, DYN: 3 });
const PT = Object.freeze({ LOAD: 1, NOTE: 4 });

/** e_machine of the processors that boot here, and the names of those that people try. */
const MACHINE = Object.freeze({ I386: 3, X86_64: 62 });
const MACHINE_NAMES: Readonly<Record<number, string>> = Object.freeze({
  2: 'SPARC',
  8: 'MIPS',
  20: 'PowerPC',
  21: '64-bit PowerPC',
  22: 'S/390',
  40: 'ARM',
  43: '64-bit SPARC',
  50: 'Itanium',
  183: '64-bit ARM',
  243: 'RISC-V',
  258: 'LoongArch',
});

const NO_ADDRESS_BEYOND = 2 ** 52;

/** Far more than kernels have, and few enough that headers that all name the same bytes cost nothing. */
const PROGRAM_HEADERS_MAX = 128;
const NOTES_MAX = 0x10000;

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Parse an x86 ELF executable. Throws a VizorError with code `image`. */
export function parseElf(bytes: Uint8Array): Elf {
  const reader = new ImageReader(bytes, WHAT);
  const elfClass = reader.u8(IDENT.CLASS);
  if (elfClass !== CLASS.ELF32 && elfClass !== CLASS.ELF64) throw imageError(WHAT, 'is corrupt: unknown ELF class');
  if (reader.u8(IDENT.DATA) !== LITTLE_ENDIAN) throw imageError(WHAT, 'is big-endian, not for x86', HINT_ARCH);
  const machine = reader.u16(18);
  if (machine !== MACHINE.I386 && machine !== MACHINE.X86_64) {
    const name = MACHINE_NAMES[machine] ?? `machine ${machine}`;
    throw imageError(WHAT, `is for ${name}, not for x86`, HINT_ARCH);
  }
  const type = reader.u16(16);
  if (type !== TYPE.EXEC && type !== TYPE.DYN) {
    throw imageError(WHAT, 'is not an executable', 'an object file or a core dump cannot be booted');
  }
  const wide = elfClass === CLASS.ELF64;
  const elf = { bits: wide ? (64 as const) : (32 as const), entry: wide ? reader.u64(24) : reader.u32(24) };
  const segments: ElfSegment[] = [];
  const notes: ElfNote[] = [];
  for (const header of programHeaders(reader, wide)) {
    if (header.type === PT.LOAD && header.memorySize > 0) segments.push(loadSegment(reader, header));
    if (header.type === PT.NOTE) notes.push(...parseNotes(noteSegment(reader, header), header.align));
  }
  if (segments.length === 0) throw imageError(WHAT, 'has nothing to load');
  return { ...elf, segments, notes };
}

const HINT_ARCH = 'give a kernel built for x86-64 or i386';

interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

function programHeaders(reader: ImageReader, wide: boolean): ProgramHeader[] {
  const table = wide ? reader.u64(32) : reader.u32(28);
  const entrySize = reader.u16(wide ? 54 : 42);
  const count = reader.u16(wide ? 56 : 44);
  if (count > PROGRAM_HEADERS_MAX) throw imageError(WHAT, `is corrupt: it has ${count} program headers`);
  if (count > 0 && entrySize < (wide ? 56 : 32))
    throw imageError(WHAT, 'is corrupt: its program headers are too short');
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * entrySize;
    return wide
      ? {
          type: reader.u32(at),
          offset: reader.u64(at + 8),
          address: reader.u64(at + 24),
          fileSize: reader.u64(at + 32),
          memorySize: reader.u64(at + 40),
          align: reader.u64(at + 48),
        }
      : {
          type: reader.u32(at),
          offset: reader.u32(at + 4),
          address: reader.u32(at + 12),
          fileSize: reader.u32(at + 16),
          memorySize: reader.u32(at + 20),
          align: reader.u32(at + 28),
        };
  });
}

function loadSegment(reader: ImageReader, header: ProgramHeader): ElfSegment {
  if (header.fileSize > header.memorySize) {
    throw imageError(WHAT, 'is corrupt: a segment is larger in the file than in memory');
  }
  if (header.address + header.memorySize > NO_ADDRESS_BEYOND) {
    throw imageError(WHAT, `has a segment at 0x${header.address.toString(16)}, beyond all memory`);
  }
  return {
    address: header.address,
    size: header.memorySize,
    bytes: reader.slice(header.offset, header.fileSize),
  };
}

function noteSegment(reader: ImageReader, header: ProgramHeader): Uint8Array {
  if (header.fileSize > NOTES_MAX) throw imageError(WHAT, `is corrupt: it has ${header.fileSize} bytes of notes`);
  return reader.slice(header.offset, header.fileSize);
}

/** Notes (System V ABI chapter 5, "Note Section"): name and description are padded to 4 bytes, or 8 if aligned so. */
function parseNotes(bytes: Uint8Array, align: number): ElfNote[] {
  const reader = new ImageReader(bytes, WHAT);
  const padding = align === 8 ? 8 : 4;
  const pad = (length: number): number => Math.ceil(length / padding) * padding;
  const notes: ElfNote[] = [];
  let at = 0;
  while (at + 12 <= bytes.length) {
    const nameSize = reader.u32(at);
    const descriptionSize = reader.u32(at + 4);
    const name = reader.slice(at + 12, nameSize);
    const descriptionAt = pad(at + 12 + nameSize);
    notes.push({
      name: String.fromCharCode(...name.subarray(0, 64)).split('\0')[0],
      type: reader.u32(at + 8),
      description: reader.slice(descriptionAt, descriptionSize),
    });
    at = descriptionAt + pad(descriptionSize);
  }
  return notes;
}

/** Copy all segments into guest memory. Returns the range from the lowest to the highest. */
export function loadElf(memory: GuestMemory, elf: Elf): GuestRange {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  const total = elf.segments.reduce((sum, segment) => sum + segment.size, 0);
  if (total > memory.size) {
    throw imageError(
      'kernel',
      `does not fit: its segments take ${mib(total)}, the guest has ${mib(memory.size)} of memory`,
      'give the guest more with --memory',
    );
  }
  for (const segment of elf.segments) {
    const range = placeKernel(memory, segment.address, segment.bytes, segment.size);
    start = Math.min(start, range.start);
    end = Math.max(end, range.end);
  }
  return { start, end };
}
