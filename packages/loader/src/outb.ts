/**
 * `outb PORT VALUE`: a static x86-64 Linux program that writes one byte to an I/O port, both given in decimal, and exits
 * with 0, or with 1 when the kernel does not let it. Busybox has no such applet, and stock cloud kernels have no
 * /dev/port.
 */
export function outbProgram(): Uint8Array {
  const code = CODE.flatMap(([bytes]) => bytes.split(' ').map((byte) => Number.parseInt(byte, 16)));
  const program = new Uint8Array(HEADERS + code.length);
  const view = new DataView(program.buffer);
  program.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELF, 64-bit, little-endian, version 1
  view.setUint16(0x10, 2, true); // executable
  view.setUint16(0x12, 62, true); // x86-64
  view.setUint32(0x14, 1, true);
  view.setUint32(0x18, BASE + HEADERS, true); // entry
  view.setUint32(0x20, ELF_HEADER, true); // program headers
  view.setUint16(0x34, ELF_HEADER, true);
  view.setUint16(0x36, PROGRAM_HEADER, true);
  view.setUint16(0x38, 1, true);
  view.setUint32(0x40, 1, true); // PT_LOAD: the whole file, readable and executable
  view.setUint32(0x44, 5, true);
  view.setUint32(0x50, BASE, true);
  view.setUint32(0x58, BASE, true);
  view.setUint32(0x60, program.length, true);
  view.setUint32(0x68, program.length, true);
  view.setUint32(0x70, 0x1000, true);
  program.set(code, HEADERS);
  return program;
}

const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const HEADERS = ELF_HEADER + PROGRAM_HEADER;
const BASE = 0x400000;

const CODE: readonly (readonly [bytes: string, meaning: string])[] = [
  ['48 8b 74 24 10', 'mov rsi, [rsp+16]    ; PORT'],
  ['e8 35 00 00 00', 'call number'],
  ['41 89 dc', 'mov r12d, ebx'],
  ['48 8b 74 24 18', 'mov rsi, [rsp+24]    ; VALUE'],
  ['e8 28 00 00 00', 'call number'],
  ['44 89 e7', 'mov edi, r12d'],
  ['6a 01', 'push 1'],
  ['5e', 'pop rsi'],
  ['6a 01', 'push 1'],
  ['5a', 'pop rdx'],
  ['b8 ad 00 00 00', 'mov eax, 173         ; ioperm (PORT, 1, 1)'],
  ['0f 05', 'syscall'],
  ['bf 01 00 00 00', 'mov edi, 1'],
  ['85 c0', 'test eax, eax'],
  ['75 08', 'jnz exit'],
  ['44 89 e2', 'mov edx, r12d'],
  ['89 d8', 'mov eax, ebx'],
  ['ee', 'out dx, al'],
  ['31 ff', 'xor edi, edi'],
  ['b8 3c 00 00 00', 'exit: mov eax, 60    ; exit (edi)'],
  ['0f 05', 'syscall'],
  ['31 db', 'number: xor ebx, ebx ; ebx = decimal number at rsi'],
  ['0f b6 06', 'digit: movzx eax, byte [rsi]'],
  ['48 ff c6', 'inc rsi'],
  ['2c 30', "sub al, '0'"],
  ['72 07', 'jb done              ; the NUL'],
  ['6b db 0a', 'imul ebx, ebx, 10'],
  ['01 c3', 'add ebx, eax'],
  ['eb ef', 'jmp digit'],
  ['c3', 'done: ret'],
];
