import { ByteWriter, concat } from '../src/bytes.ts';

/** Synthetic kernels for tests. */

export interface ElfParts {
  readonly bits?: 32 | 64;
  readonly machine?: number;
  readonly address?: number;
  readonly memorySize?: number;
  readonly code?: Uint8Array;
  /** PVH entry, or undefined for an ELF without the note. */
  readonly pvh?: number;
}

/** An executable of one loaded segment and, with `pvh`, one note. */
export function elf({
  bits = 64,
  machine = bits === 64 ? 62 : 3,
  address = 0x100000,
  code = Uint8Array.of(0xf4),
  memorySize = code.length,
  pvh,
}: ElfParts = {}): Uint8Array {
  const wide = bits === 64;
  const note = new ByteWriter();
  if (pvh !== undefined) note.u32(4).u32(4).u32(18).ascii('Xen\0').u32(pvh);
  const [headerSize, entrySize] = wide ? [64, 56] : [52, 32];
  const codeAt = headerSize + 2 * entrySize;
  const noteAt = codeAt + code.length;

  const writer = new ByteWriter().u8(0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1).zeros(9);
  const word = (value: number): unknown => (wide ? writer.u64(value) : writer.u32(value));
  writer.u16(2).u16(machine).u32(1);
  word(address);
  word(headerSize);
  word(0);
  writer.u32(0).u16(headerSize).u16(entrySize).u16(2).u16(0).u16(0).u16(0);
  const segment = (type: number, offset: number, at: number, fileSize: number, size: number): void => {
    writer.u32(type);
    if (wide) writer.u32(7);
    for (const field of [offset, at, at, fileSize, size]) word(field);
    if (!wide) writer.u32(7);
    word(4);
  };
  segment(1, codeAt, address, code.length, memorySize);
  segment(4, noteAt, 0, note.length, note.length);
  return concat([writer.finish(), code, note.finish()]);
}

export interface BzImageParts {
  readonly payload?: Uint8Array;
  readonly version?: number;
  readonly address?: number;
  readonly initSize?: number;
  readonly initrdMax?: number;
  readonly cmdlineMax?: number;
}

/** A bzImage of one setup sector whose protected-mode part is the payload at offset 16. */
export function bzImage({
  payload,
  version = 0x20f,
  address = 0x100000,
  initSize = 0x10000,
  initrdMax = 0x7fffffff,
  cmdlineMax = 255,
}: BzImageParts = {}): Uint8Array {
  const body = concat([new Uint8Array(16).fill(0xf4), payload ?? new Uint8Array(16)]);
  const paragraphs = Math.ceil(body.length / 16);
  const image = new Uint8Array(1024 + paragraphs * 16);
  const view = new DataView(image.buffer);
  image.set(body, 1024);
  image.set([0xeb, 0x66, 0x48, 0x64, 0x72, 0x53], 0x200);
  view.setUint8(0x1f1, 1);
  view.setUint32(0x1f4, paragraphs, true);
  view.setUint16(0x1fe, 0xaa55, true);
  view.setUint16(0x206, version, true);
  view.setUint8(0x211, 1);
  view.setUint32(0x214, 0x100000, true);
  view.setUint32(0x22c, initrdMax, true);
  view.setUint32(0x238, cmdlineMax, true);
  if (payload) {
    view.setUint32(0x248, 16, true);
    view.setUint32(0x24c, payload.length, true);
  }
  view.setUint32(0x258, address, true);
  view.setUint32(0x260, initSize, true);
  return image;
}

/** `bytes` behind which the kernel build puts the unpacked size. */
export function withSize(bytes: Uint8Array, size: number): Uint8Array {
  return concat([bytes, new ByteWriter().u32(size).finish()]);
}
