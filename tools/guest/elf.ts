// A 64-bit ELF executable of one loadable segment and one note (System V ABI, chapters 4 and 5).

const HEADER = 64;
const PROGRAM_HEADER = 56;
const PAGE = 0x1000;
/** Xen's public/elfnote.h: where a PVH guest is entered in 32-bit mode. */
const XEN_ELFNOTE_PHYS32_ENTRY = 18;

/** @param entry physical address of the 32-bit entry point of `image`, which is loaded at `address` */
export function pvhExecutable(image: Uint8Array, address: number, entry: number): Uint8Array {
  const note = pvhNote(entry);
  const noteAt = HEADER + 2 * PROGRAM_HEADER;
  const file = new Uint8Array(PAGE + image.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELF, 64-bit, little-endian, version 1
  view.setUint16(16, 2, true); // executable
  view.setUint16(18, 62, true); // x86-64
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, BigInt(HEADER), true); // program headers
  view.setUint16(52, HEADER, true);
  view.setUint16(54, PROGRAM_HEADER, true);
  view.setUint16(56, 2, true);
  const header = (index: number, type: number, offset: number, where: number, size: number): void => {
    const at = HEADER + index * PROGRAM_HEADER;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, 7, true); // readable, writable, executable
    for (const [field, value] of [offset, where, where, size, size, type === 1 ? PAGE : 4].entries()) {
      view.setBigUint64(at + 8 + field * 8, BigInt(value), true);
    }
  };
  header(0, 1, PAGE, address, image.length); // PT_LOAD
  header(1, 4, noteAt, 0, note.length); // PT_NOTE
  file.set(note, noteAt);
  file.set(image, PAGE);
  return file;
}

/** Sizes of name and description, type, name, description; each padded to four bytes. */
function pvhNote(entry: number): Uint8Array {
  const note = new Uint8Array(20);
  const view = new DataView(note.buffer);
  view.setUint32(0, 4, true);
  view.setUint32(4, 4, true);
  view.setUint32(8, XEN_ELFNOTE_PHYS32_ENTRY, true);
  note.set(new TextEncoder().encode('Xen'), 12);
  view.setUint32(16, entry, true);
  return note;
}
