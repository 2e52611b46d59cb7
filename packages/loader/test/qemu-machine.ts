import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestMemory } from '@vizor/memory';
import { ByteWriter, concat } from '../src/bytes.ts';
import { BOOT_LAYOUT, type BootState, PORTS } from '../src/index.ts';

/** A trampoline's place in the firmware ROM, far behind the tables: F000:F000 and, for GDTR, F000:F800. */
const CODE = 0xff000;
const GDTR = 0xff800;
const RESET_VECTOR = 0xffff0;
const ROM = BOOT_LAYOUT.ACPI;

/**
 * Run a boot state in QEMU's PC: guest memory below 640 KiB and the kernel's and initramfs' ranges are loaded as they
 * are, 0xe0000–0xfffff becomes the firmware ROM with code that sets the registers and jumps to the entry.
 * Writes to {@link PORTS}.COMMAND_STATUS end it with `(v << 1) | 1`.
 *
 * @returns what the guest wrote to COM1, and QEMU's exit status (null when it was stopped)
 */
export async function runInQemu(
  folder: string,
  memory: GuestMemory,
  state: BootState,
  until?: RegExp,
): Promise<{ console: string; status: number | null }> {
  const loads = [{ start: 0, end: BOOT_LAYOUT.LOW_RAM_END }, state.kernel, state.initramfs].flatMap((range, i) => {
    if (!range) return [];
    const file = join(folder, `ram${i}`);
    writeFileSync(file, memory.read(range.start, range.end - range.start));
    return ['-device', `loader,file=${file},addr=0x${range.start.toString(16)},force-raw=on`];
  });
  const rom = memory.read(ROM, BOOT_LAYOUT.HIGH_RAM - ROM);
  rom.set(trampoline(state), CODE - ROM);
  rom.set(new ByteWriter().u16(state.gdt.limit).u32(state.gdt.base).finish(), GDTR - ROM);
  rom.set([0xea, 0x00, 0xf0, 0x00, 0xf0], RESET_VECTOR - ROM);
  const bios = join(folder, 'rom');
  writeFileSync(bios, rom);

  const exit = `isa-debug-exit,iobase=${PORTS.COMMAND_STATUS},iosize=1`;
  const machine = ['-M', 'pc', '-accel', 'tcg', '-m', `${memory.size / 2 ** 20}`, '-nodefaults', '-no-reboot'];
  const devices = ['-device', exit, '-display', 'none', '-serial', 'stdio', '-bios', bios, ...loads];
  return await new Promise((resolve) => {
    let console = '';
    const qemu = execFile('qemu-system-x86_64', [...machine, ...devices], { timeout: 50_000 }, () => {
      resolve({ console, status: qemu.exitCode });
    });
    qemu.stdout?.on('data', (text: string) => {
      console += text;
      if (until?.test(console)) qemu.kill();
    });
  });
}

function trampoline(state: BootState): Uint8Array {
  const { code, data } = state.selectors;
  const { eax, ecx, edx, ebx, esp, ebp, esi, edi } = state.registers;
  const real = new ByteWriter().u8(0xfa);
  // PIIX4 power management, PCI 0:1.3: base of its ports, then "enable" in PMREGMISC.
  pciWrite(real, 0x80000b40, PORTS.PM1A_EVENT | 1);
  pciWrite(real, 0x80000b80, 1);
  real.u8(0x2e, 0x66, 0x0f, 0x01, 0x16).u16(GDTR & 0xffff); // lgdt
  real.u8(0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0); // CR0.PE = 1
  real
    .u8(0x66, 0xea)
    .u32(CODE + real.length + 6)
    .u16(code);
  const flat = new ByteWriter().u8(0x66, 0xb8).u16(data); // mov ax, data; mov ds/es/ss/fs/gs, ax
  for (const register of [0xd8, 0xc0, 0xd0, 0xe0, 0xe8]) flat.u8(0x8e, register);
  for (const [i, value] of [eax, ecx, edx, ebx, esp, ebp, esi, edi].entries()) flat.u8(0xb8 + i).u32(value);
  flat.u8(0xea).u32(state.entry).u16(code);
  return concat([real.finish(), flat.finish()]);
}

function pciWrite(writer: ByteWriter, address: number, value: number): void {
  writer.u8(0x66, 0xb8).u32(address).u8(0xba).u16(0xcf8).u8(0x66, 0xef);
  writer.u8(0x66, 0xb8).u32(value).u8(0xba).u16(0xcfc).u8(0x66, 0xef);
}
