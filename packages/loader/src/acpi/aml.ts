import { ByteWriter, concat } from '../bytes.ts';

/**
 * Terms of the ACPI Machine Language (ACPI 6.5, chapter 20), each as its bytes. Only what the DSDT needs: names are a
 * path of four-letter segments, integers up to 32 bits, packages and resource templates of known length.
 */
export type Aml = Uint8Array;

const OP = Object.freeze({
  ZERO: 0x00,
  ONE: 0x01,
  NAME: 0x08,
  BYTE: 0x0a,
  WORD: 0x0b,
  DWORD: 0x0c,
  SCOPE: 0x10,
  BUFFER: 0x11,
  PACKAGE: 0x12,
  EXT: 0x5b,
  DEVICE: 0x82,
});

const ROOT = 0x5c;
const DUAL_NAME = 0x2e;

/** NameString (20.2.2): `\AAAA`, `AAAA` or `AAAA.BBBB`. */
function nameString(path: string): Aml {
  const rooted = path.startsWith('\\');
  const segments = (rooted ? path.slice(1) : path).split('.');
  const writer = new ByteWriter();
  if (rooted) writer.u8(ROOT);
  if (segments.length === 2) writer.u8(DUAL_NAME);
  for (const segment of segments) writer.ascii(segment.padEnd(4, '_'), 4);
  return writer.finish();
}

/** PkgLength (20.2.4) in front of `body`: the length counts itself, in one byte up to 63, else in two to four. */
function packaged(body: Aml): Aml {
  if (body.length + 1 < 0x40) return concat([Uint8Array.of(body.length + 1), body]);
  let extra = 1;
  while (body.length + 1 + extra >= 2 ** (4 + 8 * extra)) extra++;
  const length = body.length + 1 + extra;
  const writer = new ByteWriter().u8((extra << 6) | (length & 0x0f));
  for (let i = 0; i < extra; i++) writer.u8(length >>> (4 + 8 * i));
  return concat([writer.finish(), body]);
}

/** An integer constant (20.2.3), as short as it can be. */
export function integer(value: number): Aml {
  if (value === 0) return Uint8Array.of(OP.ZERO);
  if (value === 1) return Uint8Array.of(OP.ONE);
  if (value <= 0xff) return new ByteWriter().u8(OP.BYTE, value).finish();
  if (value <= 0xffff) return new ByteWriter().u8(OP.WORD).u16(value).finish();
  return new ByteWriter().u8(OP.DWORD).u32(value).finish();
}

/** `Name (path, value)` */
export function name(path: string, value: Aml): Aml {
  return concat([Uint8Array.of(OP.NAME), nameString(path), value]);
}

/** `Package () { elements }` */
export function pkg(...elements: Aml[]): Aml {
  return concat([Uint8Array.of(OP.PACKAGE), packaged(concat([Uint8Array.of(elements.length), ...elements]))]);
}

/** `Scope (path) { terms }` */
export function scope(path: string, ...terms: Aml[]): Aml {
  return concat([Uint8Array.of(OP.SCOPE), packaged(concat([nameString(path), ...terms]))]);
}

/** `Device (path) { terms }` */
export function device(path: string, ...terms: Aml[]): Aml {
  return concat([Uint8Array.of(OP.EXT, OP.DEVICE), packaged(concat([nameString(path), ...terms]))]);
}

/** `EisaId ("PNP0501")`: three letters of five bits, four hexadecimal digits, most significant byte first (19.3.4). */
export function eisaId(id: string): Aml {
  const letter = (i: number): number => id.charCodeAt(i) - 0x40;
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2);
  const product = Number.parseInt(id.slice(3), 16);
  return new ByteWriter()
    .u8(OP.DWORD)
    .u8(vendor >>> 8, vendor, product >>> 8, product)
    .finish();
}

/** `ResourceTemplate () { descriptors }`: a buffer that ends with an end tag whose checksum 0 means "not computed". */
export function resourceTemplate(...descriptors: Aml[]): Aml {
  const bytes = concat([...descriptors, Uint8Array.of(0x79, 0)]);
  return concat([Uint8Array.of(OP.BUFFER), packaged(concat([integer(bytes.length), bytes]))]);
}

/** `IO (Decode16, base, base, 1, length)` (6.4.2.5) */
export function io(base: number, length: number): Aml {
  return new ByteWriter().u8(0x47, 1).u16(base).u16(base).u8(1, length).finish();
}

/** `IRQNoFlags () { irq }` (6.4.2.1): edge-triggered, active high, exclusive. */
export function irqNoFlags(irq: number): Aml {
  return new ByteWriter()
    .u8(0x22)
    .u16(1 << irq)
    .finish();
}
