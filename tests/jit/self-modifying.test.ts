import { describe, expect, it } from 'vitest';
import { CODE } from './program.ts';
import { Twin } from './twins.ts';

const FUEL = [0x41, 0x83, 0xaf, 0x00, 0x3f, 0x00, 0x00, 0x01]; // sub dword [r15 + 0x3f00], 1
const HLT = 0xf4;

function jump(opcode: readonly number[], from: number, to: number): number[] {
  const distance = to - (from + opcode.length + 4);
  return [...opcode, distance & 0xff, (distance >> 8) & 0xff, (distance >> 16) & 0xff, (distance >> 24) & 0xff];
}

/** A loop around `body`, ended by the counter. */
function loop(body: readonly number[]): number[] {
  const bytes = [...body, ...FUEL];
  return [...bytes, ...jump([0x0f, 0x89], bytes.length, 0), HLT];
}

function alike(program: readonly number[], fuel: number, mode: 'on' | 'stress', compiles = false): void {
  const compiling = new Twin(mode);
  const expected = new Twin('off').run(program, 7, fuel, 0);
  expect(expected.exit).toBe('halt-forever');
  expect(compiling.run(program, 7, fuel, 0)).toEqual(expected);
  if (compiles) expect(compiling.compiled).toBeGreaterThan(0);
}

describe.each(['on', 'stress'] as const)('guest code that changes itself (%s)', (mode) => {
  it('rewrites an immediate that the next instruction has', () => {
    // inc byte [rip + 3]; mov al, imm8 (its own immediate); add rbx, rax
    alike(loop([0xfe, 0x05, 0x01, 0, 0, 0, 0xb0, 0x00, 0x48, 0x01, 0xc3]), 20_000, mode);
  });

  it('rewrites an instruction now and then, long after it was compiled', () => {
    // test dword [r15 + 0x3f00], 0xfff; jne +6; inc byte [rip + 1]; mov cl, imm8; add rbx, rcx
    const body = [
      0x41, 0xf7, 0x87, 0x00, 0x3f, 0, 0, 0xff, 0x0f, 0, 0, 0x75, 0x06, 0xfe, 0x05, 0x01, 0, 0, 0, 0xb1, 0x00, 0x48,
      0x01, 0xcb,
    ];
    alike(loop(body), 60_000, mode, true);
  });

  it('stores with a string instruction over the loop that it is in', () => {
    // mov rdi, CODE; mov rsi, CODE; mov ecx, 16; rep movsb: bytes that stay as they are
    const address = [CODE & 0xff, (CODE >> 8) & 0xff, (CODE >> 16) & 0xff, 0];
    const body = [
      0x48,
      0xc7,
      0xc7,
      ...address,
      0x48,
      0xc7,
      0xc6,
      ...address,
      0xb9,
      0x10,
      0,
      0,
      0,
      0xf3,
      0xa4,
      0x48,
      0xff,
      0xc3,
    ];
    alike(loop(body), 5_000, mode);
  });

  it('keeps data that it writes beside the code that writes it', () => {
    // add [rip + 0x100], rbx: in the same page, but not among instructions
    alike(loop([0x48, 0x01, 0x1d, 0x00, 0x01, 0, 0, 0x48, 0xff, 0xc3]), 20_000, mode);
  });

  it('jumps into the middle of an instruction', () => {
    // mov eax, 0x00b0c3ff … jumps to its immediate now and then: ff c3 = inc ebx; b0 00 = mov al, 0
    // 0: b8 ff c3 b0 00 | 5: add rdx, rax | 8: fuel | 16: js end | 22: test bl, 1 → 25: je 0 | 31: jmp 1
    const bytes = [0xb8, 0xff, 0xc3, 0xb0, 0x00, 0x48, 0x01, 0xc2, ...FUEL];
    bytes.push(...jump([0x0f, 0x88], bytes.length, 36), 0xf6, 0xc3, 0x01);
    bytes.push(...jump([0x0f, 0x84], bytes.length, 1));
    bytes.push(...jump([0xe9], bytes.length, 0), HLT);
    expect(bytes.indexOf(HLT)).toBe(36);
    alike(bytes, 20_000, mode, true);
  });
});
