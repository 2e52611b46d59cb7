// Vizor's own tiny guest, for hosts where no kernel can be had: a kernel of one file that shows what the machine is and
// switches it off. It boots through PVH (Xen's docs/misc/pvh.pandoc) like any other kernel, here and under QEMU.
import { crc32 } from 'node:zlib';
import { assemble } from './assembler.ts';
import { pvhExecutable } from './elf.ts';

/** Where the guest is loaded: the first address that a PC has nothing else at. */
const ORIGIN = 0x10_0000;

const PORTS = { COM1: 0x3f8, PIT_CHANNEL_2: 0x42, PIT_MODE: 0x43, PORT_B: 0x61, MILESTONE: 0xf6, PM1A_CONTROL: 0x604 };
/** 16550: line status is five ports above the data, bit 5 of it says that a character may be sent. */
const LINE_STATUS = PORTS.COM1 + 5;
const TRANSMITTER_EMPTY = 0x20;
/** 8254: counts down at 1,193,182 Hz; so many make 10 ms. */
const PIT_10_MS = 11932;
/** PM1 control, ACPI 6.5, 4.8.3.2.1: SLP_EN, and SLP_TYP 5 for soft-off here; QEMU's machines want 0. */
const POWER_OFF = (1 << 13) | (5 << 10);
const POWER_OFF_QEMU = 1 << 13;
/** Control register and EFER bits on the way to long mode (Intel SDM vol. 3, 10.8.5). */
const CR0_PAGING = 0x8000_0000;
const CR4_PAE = 0x20;
const EFER = { MSR: 0xc000_0080, LONG_MODE: 0x100 };
/** GDT: a null descriptor, then 64-bit code: present, CPL 0, executable, readable, L. */
const CODE_64 = '0x00209a0000000000';
const CODE_SELECTOR = 8;
/** Page-table bits: present, writable; large page. */
const TABLE = 0x03;
const LARGE_PAGE = 0x83;
const CRC32_POLYNOMIAL = 0xedb8_8320;
const hex = (value: number): string => `0x${value.toString(16)}`;

/** 512 entries that map the first GiB to itself, 2 MiB each. */
const IDENTITY = Array.from({ length: 512 }, (_, n) => `qword ${hex(n * 0x20_0000 + LARGE_PAGE)}`).join('\n');

const PROGRAM = `
entry:                          ; 32-bit protected mode, no paging; EBX: the PVH start info
  cld
  mov   ebp, ebx
  mov   eax, pml4
  mov   cr3, eax
  mov   eax, cr4
  or    eax, ${CR4_PAE}
  mov   cr4, eax
  mov   ecx, ${hex(EFER.MSR)}
  rdmsr
  or    eax, ${EFER.LONG_MODE}
  wrmsr
  mov   eax, cr0
  or    eax, ${hex(CR0_PAGING)}
  mov   cr0, eax                ; compatibility mode
  mov   eax, gdtr
  lgdt  [eax]
  jmpf  long, ${CODE_SELECTOR}  ; 64-bit mode

long:
  mov   esp, stack
  mov   esi, hello
  call  print
  call  processor
  call  memory
  call  checksum
  call  clock
  mov   esi, goodbye
  call  print
  mov   edx, ${PORTS.MILESTONE}
  mov   al, 1
  out   dx, al                  ; user space, in a manner of speaking
  mov   edx, ${PORTS.PM1A_CONTROL}
  mov   eax, ${POWER_OFF}
  out   dx, ax
  mov   eax, ${POWER_OFF_QEMU}
  out   dx, ax
halt:
  cli
  hlt
  jmp   halt

processor:                      ; what CPUID says of itself
  mov   esi, text_processor
  call  print
  mov   edi, buffer
  mov   eax, 0
  cpuid
  mov   [rdi], ebx
  mov   [rdi+4], edx
  mov   [rdi+8], ecx
  mov   [rdi+12], eax
  mov   al, 0
  mov   [rdi+12], al
  mov   esi, buffer
  call  print
  mov   al, ' '
  call  put
  mov   esi, 0x80000002         ; … 0x80000004: the brand, 16 bytes each
brand:
  mov   eax, esi
  cpuid
  mov   [rdi], eax
  mov   [rdi+4], ebx
  mov   [rdi+8], ecx
  mov   [rdi+12], edx
  add   edi, 16
  inc   esi
  cmp   esi, 0x80000004
  jbe   brand
  mov   esi, buffer
  call  print
  jmp   newline

memory:                         ; the memory map of the start info: 24 bytes an entry
  mov   rbx, [rbp+40]
  mov   edi, [rbp+48]
range:
  mov   esi, text_memory
  call  print
  mov   rax, [rbx]
  call  print_hex
  mov   esi, text_bytes
  call  print
  mov   rax, [rbx+8]
  call  print_hex
  mov   esi, text_ram
  mov   eax, [rbx+16]
  cmp   eax, 1
  jz    typed
  mov   esi, text_reserved
typed:
  call  print
  add   rbx, 24
  dec   edi
  jnz   range
  ret

checksum:                       ; CRC-32 of this program, bit by bit, against what its maker computed
  mov   esi, entry
  mov   ebx, -1
next_byte:
  mov   eax, 0
  lodsb
  xor   ebx, eax
  mov   ecx, 8
next_bit:
  shr   ebx, 1
  jnc   clear
  xor   ebx, ${hex(CRC32_POLYNOMIAL)}
clear:
  dec   ecx
  jnz   next_bit
  cmp   esi, end
  jnz   next_byte
  not   ebx
  mov   esi, text_checksum
  call  print
  mov   eax, ebx
  shl   rax, 32
  mov   ecx, 8
  call  print_digits
  mov   esi, text_right
  mov   eax, expected
  cmp   ebx, [rax]
  jz    verdict
  mov   esi, text_wrong
verdict:
  jmp   print

clock:                          ; ticks of the time-stamp counter in 10 ms of the PIT's channel 2
  mov   edx, ${PORTS.PORT_B}
  in    al, dx
  and   al, 0xfc
  or    al, 1
  out   dx, al                  ; gate open, speaker off
  mov   edx, ${PORTS.PIT_MODE}
  mov   al, 0xb0
  out   dx, al                  ; channel 2, both bytes, mode 0: output rises when the count is done
  mov   edx, ${PORTS.PIT_CHANNEL_2}
  mov   al, ${PIT_10_MS & 0xff}
  out   dx, al
  mov   al, ${PIT_10_MS >> 8}
  out   dx, al
  call  read_tsc
  mov   rbx, rax
  mov   edx, ${PORTS.PORT_B}
count:
  in    al, dx
  test  al, 0x20
  jz    count
  call  read_tsc
  sub   rax, rbx
  mov   edx, 0
  mov   ecx, 10000
  div   rcx                     ; ticks in 10 ms to MHz
  mov   esi, text_clock
  push  rax
  call  print
  pop   rax
  call  print_decimal
  mov   esi, text_mhz
  jmp   print

read_tsc:                       ; RAX; clobbers RDX
  rdtsc
  shl   rdx, 32
  or    rax, rdx
  ret

print:                          ; the string at RSI; clobbers RAX, RDX, RSI
  lodsb
  test  al, al
  jz    printed
  call  put
  jmp   print
printed:
  ret

newline:
  mov   al, 13
  call  put
  mov   al, 10
put:                            ; the character in AL; clobbers RAX, RDX
  mov   ah, al
  mov   edx, ${LINE_STATUS}
wait:
  in    al, dx
  test  al, ${TRANSMITTER_EMPTY}
  jz    wait
  mov   al, ah
  mov   edx, ${PORTS.COM1}
  out   dx, al
  ret

print_hex:                      ; RAX as 16 digits; clobbers RAX, RCX, RDX
  mov   ecx, 16
print_digits:                   ; the first ECX of them
  push  rbx
  mov   ebx, digits
digit:
  rol   rax, 4
  push  rax
  and   eax, 15
  xlatb
  call  put
  pop   rax
  dec   ecx
  jnz   digit
  pop   rbx
  ret

print_decimal:                  ; RAX; clobbers RAX, RCX, RDX
  mov   ecx, 0
  push  rcx                     ; behind the last digit
divide:
  mov   edx, 0
  mov   ecx, 10
  div   rcx
  add   edx, '0'
  push  rdx
  test  rax, rax
  jnz   divide
next_digit:
  pop   rax
  test  al, al
  jz    printed
  call  put
  jmp   next_digit

hello:          text "\\nHello from a guest of a few hundred instructions.\\n\\n"
text_processor: text "processor  "
text_memory:    text "memory     "
text_bytes:     text " + "
text_ram:       text "  RAM\\n"
text_reserved:  text "  reserved\\n"
text_checksum:  text "checksum   "
text_right:     text ", as it should be\\n"
text_wrong:     text ", which is WRONG: the processor has a bug\\n"
text_clock:     text "clock      "
text_mhz:       text " MHz (time-stamp counter against the PIT)\\n"
goodbye:        text "\\nThat is all there is to see. To boot Linux, give Vizor a kernel:\\n\\n  npx vizor run --kernel /boot/vmlinuz --initramfs /boot/initrd.img\\n\\nor run it where apt can fetch Debian's.\\n\\n"
digits:         text "0123456789abcdef"
end:

align 8
gdt:      qword 0
          qword ${CODE_64}
gdtr:     byte  15, 0
          dword gdt
expected: dword 0
align 4096
pml4:     qword pdpt+${TABLE}
          space 4088
pdpt:     qword directory+${TABLE}
          space 4088
directory:
${IDENTITY}
buffer:   space 64
          space 4096
stack:
`;

/** The guest as an ELF file with a PVH entry. */
export function guestElf(): Uint8Array {
  const { bytes, labels } = assemble(PROGRAM, ORIGIN);
  const at = (label: string): number => labels.get(label)! - ORIGIN;
  const view = new DataView(bytes.buffer);
  view.setUint32(at('expected'), crc32(bytes.subarray(0, at('end'))), true);
  return pvhExecutable(bytes, ORIGIN, labels.get('entry')!);
}
