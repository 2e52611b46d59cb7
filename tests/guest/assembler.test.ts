import { Decoder, DecoderOptions } from 'iced-x86';
import { describe, expect, test } from 'vitest';
import { assemble } from '../../tools/guest/assembler.ts';

const ORIGIN = 0x1000;

/** What iced-x86 reads in machine code, in its own spelling. */
function disassemble(bytes: Uint8Array, bits: 32 | 64): string[] {
  const decoder = new Decoder(bits, bytes, DecoderOptions.None);
  decoder.ip = BigInt(ORIGIN);
  const lines: string[] = [];
  while (decoder.canDecode) {
    const instruction = decoder.decode();
    lines.push(instruction.toString());
    instruction.free();
  }
  decoder.free();
  return lines;
}

describe('the assembler means what it says', () => {
  test.each([
    ['mov eax, 0x12345678', 'mov eax,12345678h'],
    ['mov al, 7', 'mov al,7'],
    ['mov rbx, rax', 'mov rbx,rax'],
    ['mov ah, al', 'mov ah,al'],
    ['mov [rdi+4], edx', 'mov [rdi+4],edx'],
    ['mov [rdi+12], al', 'mov [rdi+0Ch],al'],
    ['mov rbx, [rbp+40]', 'mov rbx,[rbp+28h]'],
    ['mov cr3, rax', 'mov cr3,rax'],
    ['mov rax, cr4', 'mov rax,cr4'],
    ['add edi, 16', 'add edi,10h'],
    ['add rbx, -1', 'add rbx,0FFFFFFFFFFFFFFFFh'],
    ['and al, 0xfc', 'and al,0FCh'],
    ['xor ebx, 0xedb88320', 'xor ebx,0EDB88320h'],
    ['sub rax, rbx', 'sub rax,rbx'],
    ['cmp ebx, [rax]', 'cmp ebx,[rax]'],
    ['test al, 0x20', 'test al,20h'],
    ['test rax, rax', 'test rax,rax'],
    ['shl rdx, 32', 'shl rdx,20h'],
    ['rol rax, 4', 'rol rax,4'],
    ['shr ebx, 1', 'shr ebx,1'],
    ['inc esi', 'inc esi'],
    ['dec ecx', 'dec ecx'],
    ['not ebx', 'not ebx'],
    ['div rcx', 'div rcx'],
    ['push rbx', 'push rbx'],
    ['pop rax', 'pop rax'],
    ['in al, dx', 'in al,dx'],
    ['out dx, ax', 'out dx,ax'],
    ["add edx, '0'", 'add edx,30h'],
    ['here: jnz here', 'jne near ptr 0000000000001000h'],
    ['call there\nthere: ret', 'call 0000000000001005h'],
    ['mov esi, there+2\nthere: ret', 'mov esi,1007h'],
  ])('%s', (source, expected) => {
    // iced writes `byte ptr` and the like only where the registers do not say it.
    expect(disassemble(assemble(source, ORIGIN).bytes, 64)[0]).toBe(expected);
  });

  test('in 32-bit code, too', () => {
    const source = 'mov eax, cr0\nmov cr0, eax\nlgdt [eax]\njmpf there, 8\nthere: wrmsr';
    expect(disassemble(assemble(source, ORIGIN).bytes, 32)).toEqual([
      'mov eax,cr0',
      'mov cr0,eax',
      'lgdt fword ptr [eax]',
      'jmp far ptr 8:00001014h',
      'wrmsr',
    ]);
  });

  test('data', () => {
    const { bytes, labels } = assemble('byte 1, 2\nalign 4\nhere: dword here\nqword -2\ntext "a;\\n"\nspace 2', ORIGIN);
    expect([...bytes]).toEqual([
      1, 2, 0, 0, 4, 0x10, 0, 0, 254, 255, 255, 255, 255, 255, 255, 255, 97, 59, 13, 10, 0, 0, 0,
    ]);
    expect(labels.get('here')).toBe(ORIGIN + 4);
  });

  test.each([
    ['mov eax', 'cannot assemble "mov eax": operands'],
    ['frob eax, 1', 'cannot assemble "frob eax, 1": no such instruction'],
    ['mov rax, 1', 'cannot assemble "mov rax, 1": immediates are 32 bits wide: they zero-extend'],
    ['jmp nowhere', 'no label nowhere'],
  ])('%s is refused', (source, message) => {
    expect(() => assemble(source, ORIGIN)).toThrow(message);
  });
});
