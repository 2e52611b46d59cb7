import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuestMemory } from '@vizor/memory';
import { afterAll, describe, expect, it } from 'vitest';
import { integer, name, pkg, scope } from '../src/acpi/aml.ts';
import { table } from '../src/acpi/table.ts';
import {
  APIC,
  acpiTables,
  BOOT_LAYOUT,
  E820,
  memoryMap,
  mpTable,
  PORTS,
  placeFirmwareTables,
  smbios,
} from '../src/index.ts';
import { installed } from './kernels.ts';

const folder = mkdtempSync(join(tmpdir(), 'vizor-tables-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
const MIB = 2 ** 20;

/** Runs iasl. Returns everything it said; it says warnings on stderr. */
function iasl(...args: string[]): string {
  const { stdout, stderr } = spawnSync('iasl', args, { encoding: 'utf8' });
  return stdout + stderr;
}

/** `iasl -d`: the source, and everything it said. */
function disassemble(signature: string, bytes: Uint8Array): { source: string; said: string } {
  const file = join(folder, `${signature}.aml`);
  writeFileSync(file, bytes);
  const said = iasl('-d', file);
  return { source: readFileSync(join(folder, `${signature}.dsl`), 'utf8'), said };
}

describe('ACPI', () => {
  it.each([1, 2, 64, 255])('lays out checksummed tables for %i CPUs that do not overlap', (cpus) => {
    const tables = acpiTables(cpus, { i8042: false });
    expect(tables.map((each) => each.name)).toEqual(['RSDP', 'FACS', 'DSDT', 'FACP', 'APIC', 'XSDT']);
    let end: number = BOOT_LAYOUT.ACPI;
    for (const { name, address, bytes } of tables) {
      expect(address).toBeGreaterThanOrEqual(end);
      end = address + bytes.length;
      if (name === 'FACS') expect(address % 64).toBe(0);
      else expect(sum(bytes), name).toBe(0);
      if (name === 'RSDP') expect(sum(bytes.subarray(0, 20))).toBe(0);
    }
    expect(end).toBeLessThanOrEqual(BOOT_LAYOUT.ACPI_END);
  });

  it('is found from the RSDP on', () => {
    const memory = new GuestMemory(16 * MIB);
    const rsdp = placeFirmwareTables(memory, { cpus: 2 });
    const ascii = (at: number): string => Buffer.from(memory.read(at, 4)).toString();
    expect(Buffer.from(memory.read(rsdp, 8)).toString()).toBe('RSD PTR ');
    const xsdt = Number(memory.readU64(rsdp + 24));
    expect(ascii(xsdt)).toBe('XSDT');
    const pointers = [36, 44].map((offset) => Number(memory.readU64(xsdt + offset)));
    expect(pointers.map(ascii)).toEqual(['FACP', 'APIC']);
    expect(ascii(memory.readU32(pointers[0] + 36))).toBe('FACS');
    expect(ascii(memory.readU32(pointers[0] + 40))).toBe('DSDT');
    expect(ascii(Number(memory.readU64(pointers[0] + 140)))).toBe('DSDT');
  });

  it.skipIf(!installed('iasl'))('disassembles without a warning (skipped without iasl)', () => {
    // iasl does not take the RSDP, which is no table.
    for (const { name, bytes } of acpiTables(3, { i8042: true }).slice(1)) {
      const { source, said } = disassemble(name, bytes);
      expect(`${said}${source}`, name).not.toMatch(/error|warning|invalid|incorrect|unknown|\*\*\*/i);
    }
  });

  it.skipIf(!installed('iasl'))('says what it is to say (skipped without iasl)', () => {
    const tables = acpiTables(2, { i8042: false });
    const source = (wanted: string): string =>
      disassemble(wanted, tables.find((each) => each.name === wanted)!.bytes).source;

    const dsdt = source('DSDT');
    expect(dsdt.replace(/\s+/g, ' ')).toMatch(/Name \(\\_S5, Package \(0x04\).*\{ 0x05, 0x05, Zero, Zero \}\)/);
    expect(dsdt).toContain('EisaId ("PNP0501")');
    expect(dsdt).toContain('EisaId ("PNP0B00")');
    expect(dsdt.replace(/\s+/g, ' ')).toMatch(/IO \(Decode16, 0x03F8,[^)]*0x08,[^)]*\) IRQNoFlags \(\) \{4\}/);

    expect(iasl('-p', join(folder, 'again'), join(folder, 'DSDT.dsl'))).toContain('0 Errors, 0 Warnings');

    const fadt = source('FACP');
    expect(fadt).toMatch(/Hardware Reduced \(V5\) : 0/);
    expect(fadt).toMatch(/8042 Present on ports 60\/64 \(V2\) : 0/);
    expect(fadt).toMatch(/Reset Register Supported \(V2\) : 1/);
    expect(fadt).toMatch(/32-bit PM Timer \(V1\) : 1/);
    expect(fadt).toContain(`PM1A Event Block Address : 0000${PORTS.PM1A_EVENT.toString(16).padStart(4, '0')}`);
    expect(fadt).toMatch(/Value to cause reset : 06/);

    const madt = source('APIC');
    expect(madt.match(/Subtable Type : 00/g)).toHaveLength(2);
    expect(madt.replace(/\s+/g, ' ')).toMatch(/Source : 00 .*?Interrupt : 00000002 .*?Source : 09/);
  });

  it.skipIf(!installed('iasl'))('writes package lengths of one to three bytes (skipped without iasl)', () => {
    for (const count of [1, 30, 61, 62, 200, 2000]) {
      const values = Array.from({ length: count }, (_, i) =>
        name(`A${i.toString(36).padStart(3, '0').toUpperCase()}`, integer(i)),
      );
      const bytes = table('DSDT', 2, scope('\\_SB', ...values, name('PACK', pkg(integer(0x12345678)))));
      const { source, said } = disassemble('DSDT', bytes);
      expect(`${said}${source}`).not.toMatch(/error|warning/i);
      expect(source.match(/Name \(A/gi)).toHaveLength(count);
      expect(source).toContain('0x12345678');
    }
  });
});

describe('MP table', () => {
  it.each([1, 255])('is checksummed for %i CPUs, and its entries add up', (cpus) => {
    const bytes = mpTable(cpus);
    const view = new DataView(bytes.buffer);
    expect(sum(bytes.subarray(0, 16))).toBe(0);
    expect(view.getUint32(4, true)).toBe(BOOT_LAYOUT.MP_TABLE + 16);
    const length = view.getUint16(16 + 4, true);
    expect(bytes.length).toBe(16 + length);
    expect(bytes.length).toBeLessThanOrEqual(BOOT_LAYOUT.MP_TABLE_END - BOOT_LAYOUT.MP_TABLE);
    expect(sum(bytes.subarray(16))).toBe(0);
    let at = 16 + 44;
    let entries = 0;
    while (at < bytes.length) {
      at += bytes[at] === 0 ? 20 : 8;
      entries++;
    }
    expect(at).toBe(bytes.length);
    expect(view.getUint16(16 + 34, true)).toBe(entries);
    expect(view.getUint32(16 + 36, true)).toBe(APIC.LOCAL_BASE);
  });
});

describe('SMBIOS', () => {
  const entrySize = 24;

  it('has a checksummed entry point within its region', () => {
    const bytes = smbios(new GuestMemory(64 * MIB), 4);
    expect(sum(bytes.subarray(0, entrySize))).toBe(0);
    expect(bytes.length).toBeLessThanOrEqual(BOOT_LAYOUT.SMBIOS_END - BOOT_LAYOUT.SMBIOS);
  });

  it.skipIf(!installed('dmidecode'))('is read by dmidecode without complaint (skipped without dmidecode)', () => {
    const bytes = smbios(new GuestMemory(3584 * MIB), 4);
    // A dump has the structures at offset 32, where the table has them too: only the address is another.
    const view = new DataView(bytes.buffer);
    view.setBigUint64(16, 32n, true);
    bytes[5] = 0;
    bytes[5] = -sum(bytes.subarray(0, entrySize));
    const file = join(folder, 'smbios');
    writeFileSync(file, bytes);
    const text = execFileSync('dmidecode', ['--from-dump', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(text).not.toMatch(/invalid|wrong|broken|truncated|out of spec|bad index|unsupported|no smbios/i);
    expect(text).toContain('SMBIOS 3.6.0 present');
    expect(text).toContain('Product Name: Vizor PC');
    expect(text).toContain('System is a virtual machine');
    expect(text).toMatch(/Core Count: 4/);
    expect(text).toMatch(/Size: 3584 MB/);
    expect(text).toMatch(/Ending Address: 0x000BFFFFFFF/);
    expect(text).toMatch(/Starting Address: 0x00100000000/);
  });
});

describe('memory map', () => {
  it('has the low hole and nothing else in a small guest', () => {
    expect(memoryMap(new GuestMemory(64 * MIB))).toEqual([
      { base: 0, size: 0xa0000, type: E820.RAM },
      { base: 0xa0000, size: 0x60000, type: E820.RESERVED },
      { base: 0x100000, size: 63 * MIB, type: E820.RAM },
    ]);
  });

  it('goes on at 4 GiB in a large one', () => {
    const memory = new GuestMemory(3584 * MIB);
    expect(memoryMap(memory).at(-1)).toEqual({ base: 2 ** 32, size: memory.highSize, type: E820.RAM });
    expect(memory.highSize).toBe(512 * MIB);
  });
});

it('refuses numbers of CPUs that local APIC IDs cannot tell apart', () => {
  const memory = new GuestMemory(2 * MIB);
  for (const cpus of [0, -1, 1.5, 256, Number.NaN]) {
    expect(() => placeFirmwareTables(memory, { cpus })).toThrow(/cannot give a guest .* \(give 1 to 255\)/);
  }
});
