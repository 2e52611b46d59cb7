import { ByteWriter } from '../bytes.ts';

const OEM_ID = 'VIZOR';
const OEM_TABLE_ID = 'VIZORPC';
const CREATOR_ID = 'VIZR';
const OEM_REVISION = 1;
const CREATOR_REVISION = 1;

const HEADER_SIZE = 36;
const CHECKSUM_AT = 9;

/** A system description table: the common header (ACPI 6.5, 5.2.6) with lengths and checksum, then `body`. */
export function table(signature: string, revision: number, body: Uint8Array): Uint8Array {
  return new ByteWriter()
    .ascii(signature, 4)
    .u32(HEADER_SIZE + body.length)
    .u8(revision, 0)
    .ascii(OEM_ID, 6)
    .ascii(OEM_TABLE_ID, 8)
    .u32(OEM_REVISION)
    .ascii(CREATOR_ID, 4)
    .u32(CREATOR_REVISION)
    .append(body)
    .finish(CHECKSUM_AT);
}

/** Root System Description Pointer, revision 2 (5.2.5.3), without an RSDT. */
export function rsdp(xsdt: number): Uint8Array {
  const size = 36;
  const firstPart = new ByteWriter().ascii('RSD PTR ').u8(0).ascii(OEM_ID, 6).u8(2).u32(0).finish(8);
  return new ByteWriter().append(firstPart).u32(size).u64(xsdt).u8(0).zeros(3).finish(32);
}

/** Extended System Description Table (5.2.8): addresses of the others. */
export function xsdt(addresses: readonly number[]): Uint8Array {
  const body = new ByteWriter();
  for (const address of addresses) body.u64(address);
  return table('XSDT', 1, body.finish());
}

/** Firmware ACPI Control Structure (5.2.10): no wake vector, no global lock. It must lie on a multiple of 64. */
export function facs(): Uint8Array {
  const version = 2;
  return new ByteWriter().ascii('FACS').u32(64).zeros(24).u8(version).zeros(31).finish();
}
