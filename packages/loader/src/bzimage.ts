import { ImageReader, imageError } from './bytes.ts';
import { compressionOf, decompress, SUPPORTED } from './decompress.ts';

/**
 * The setup header of a bzImage, Linux Documentation/arch/x86/boot.rst. Memtest86+ carries one too, so that boot loaders
 * take it for Linux; it lacks what it does not need (no payload, no initramfs limit).
 */
export interface BzImage {
  /** The file's bytes from 0x1f1 to the end of the header: goes into boot_params as it is. */
  readonly header: Uint8Array;
  /** The part that is loaded and entered. */
  readonly protectedMode: Uint8Array;
  /** Where the protected-mode part must (or, relocatable, would rather) be loaded. */
  readonly address: number;
  /** Bytes from `address` that the kernel needs before it reads a memory map. */
  readonly initSize: number;
  /** First address that an initramfs may not touch. */
  readonly initramfsLimit: number;
  /** Most bytes of a command line, without NUL. */
  readonly cmdlineMax: number;
  /** The compressed kernel, or undefined when the header announces none. */
  readonly payload: Uint8Array | undefined;
}

/** Offsets of header fields in the file, which are those in boot_params as well. */
export const SETUP = Object.freeze({
  HEADER: 0x1f1,
  SETUP_SECTS: 0x1f1,
  SYSSIZE: 0x1f4,
  BOOT_FLAG: 0x1fe,
  JUMP: 0x200,
  MAGIC: 0x202,
  VERSION: 0x206,
  TYPE_OF_LOADER: 0x210,
  LOADFLAGS: 0x211,
  CODE32_START: 0x214,
  RAMDISK_IMAGE: 0x218,
  RAMDISK_SIZE: 0x21c,
  CMD_LINE_PTR: 0x228,
  INITRD_ADDR_MAX: 0x22c,
  CMDLINE_SIZE: 0x238,
  PAYLOAD_OFFSET: 0x248,
  PAYLOAD_LENGTH: 0x24c,
  PREF_ADDRESS: 0x258,
  INIT_SIZE: 0x260,
});

export const LOADFLAGS = Object.freeze({ LOADED_HIGH: 0x01 });

const BOOT_FLAG = 0xaa55;
const HDRS = 0x53726448;
const SECTOR = 512;

/** Protocol versions that brought a field. */
const VERSION = Object.freeze({ INITRD_ADDR_MAX: 0x203, CMDLINE_SIZE: 0x206, PAYLOAD: 0x208, PREF_ADDRESS: 0x20a });

export function isBzImage(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(SETUP.MAGIC, SETUP.MAGIC + 4));
  return bytes[SETUP.BOOT_FLAG] === 0x55 && bytes[SETUP.BOOT_FLAG + 1] === 0xaa && text === 'HdrS';
}

/** Parse a file that {@link isBzImage}. Throws a VizorError with code `image`. */
export function parseBzImage(bytes: Uint8Array): BzImage {
  const reader = new ImageReader(bytes, 'bzImage');
  if (reader.u16(SETUP.BOOT_FLAG) !== BOOT_FLAG || reader.u32(SETUP.MAGIC) !== HDRS) {
    throw imageError('bzImage', 'has no setup header');
  }
  const version = reader.u16(SETUP.VERSION);
  if (version < 0x202 || !(reader.u8(SETUP.LOADFLAGS) & LOADFLAGS.LOADED_HIGH)) {
    throw imageError('bzImage', 'is a zImage or older than boot protocol 2.02', 'give a kernel of 2.4 or later');
  }
  const setupSize = ((reader.u8(SETUP.SETUP_SECTS) || 4) + 1) * SECTOR;
  const protectedMode = protectedModePart(reader, setupSize);
  const field = (since: number, at: number, otherwise: number): number =>
    version >= since ? reader.u32(at) : otherwise;
  const headerEnd = SETUP.MAGIC + reader.u8(SETUP.JUMP + 1);
  const header = reader.slice(SETUP.HEADER, headerEnd - SETUP.HEADER);
  const address = version >= VERSION.PREF_ADDRESS ? reader.u64(SETUP.PREF_ADDRESS) : reader.u32(SETUP.CODE32_START);
  return {
    header,
    protectedMode,
    address,
    initSize: Math.max(field(VERSION.PREF_ADDRESS, SETUP.INIT_SIZE, 0), protectedMode.length),
    initramfsLimit: field(VERSION.INITRD_ADDR_MAX, SETUP.INITRD_ADDR_MAX, 0x37ffffff) + 1,
    cmdlineMax: field(VERSION.CMDLINE_SIZE, SETUP.CMDLINE_SIZE, 255),
    payload: findPayload(reader, setupSize, field(VERSION.PAYLOAD, SETUP.PAYLOAD_LENGTH, 0)),
  };
}

/** What follows the setup sectors; `syssize` counts it in units of 16 bytes, rounded up. */
function protectedModePart(reader: ImageReader, setupSize: number): Uint8Array {
  const size = reader.u32(SETUP.SYSSIZE) * 16;
  const present = reader.bytes.length - setupSize;
  if (present <= 0 || present <= size - 16) {
    throw imageError(
      'bzImage',
      `is truncated: its header announces ${setupSize + size} bytes, the file has ${reader.bytes.length}`,
      'fetch it again',
    );
  }
  // What lies behind is a signature.
  return reader.slice(setupSize, Math.min(size, present));
}

function findPayload(reader: ImageReader, setupSize: number, length: number): Uint8Array | undefined {
  return length === 0 ? undefined : reader.slice(setupSize + reader.u32(SETUP.PAYLOAD_OFFSET), length);
}

/**
 * The ELF kernel inside a bzImage, unpacked here so that the guest need not, or undefined when the image carries none
 * that can be unpacked here.
 *
 * @param limit the most bytes to unpack to
 */
export async function unpackKernel(image: BzImage, limit: number): Promise<Uint8Array | undefined> {
  if (!image.payload) return undefined;
  const compression = compressionOf(image.payload);
  if (compression === 'unknown') throw imageError('bzImage', 'is corrupt: its payload is no kernel', 'fetch it again');
  if (!SUPPORTED.includes(compression)) return undefined;
  return await decompress(image.payload, limit);
}
