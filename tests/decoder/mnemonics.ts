// The opcode table's mnemonics in Intel's spelling, as iced-x86 has them.

/** Same instruction, another spelling: tables by operand size where the spelling hangs on it. */
const SPELLING: Record<string, string | Partial<Record<16 | 32 | 64, string>>> = {
  imul1: 'imul',
  callf: 'call',
  jmpf: 'jmp',
  feni: 'fneni',
  fdisi: 'fndisi',
  fsetpm: 'fnsetpm',
  fwait: 'wait',
  movd: { 32: 'movd', 64: 'movq' },
  pextrd: { 32: 'pextrd', 64: 'pextrq' },
  pinsrd: { 32: 'pinsrd', 64: 'pinsrq' },
  fxsave: { 32: 'fxsave', 64: 'fxsave64' },
  fxrstor: { 32: 'fxrstor', 64: 'fxrstor64' },
  pcmpestri: { 32: 'pcmpestri', 64: 'pcmpestri64' },
  pcmpestrm: { 32: 'pcmpestrm', 64: 'pcmpestrm64' },
  cbw: { 16: 'cbw', 32: 'cwde', 64: 'cdqe' },
  cwd: { 16: 'cwd', 32: 'cdq', 64: 'cqo' },
  pusha: { 16: 'pusha', 32: 'pushad' },
  popa: { 16: 'popa', 32: 'popad' },
  pushf: { 16: 'pushf', 32: 'pushfd', 64: 'pushfq' },
  popf: { 16: 'popf', 32: 'popfd', 64: 'popfq' },
  iret: { 16: 'iret', 32: 'iretd', 64: 'iretq' },
  sysret: { 32: 'sysret', 64: 'sysretq' },
  sysexit: { 32: 'sysexit', 64: 'sysexitq' },
  cmpxchg8b: { 32: 'cmpxchg8b', 64: 'cmpxchg16b' },
  ud2: 'illegal',
  prefetch: 'nop',
  xlat: 'xlatb',
};
const STRINGS = /^(?:movs|cmps|stos|lods|scas|ins|outs)$/;
const LETTER: Partial<Record<number, string>> = { 8: 'b', 16: 'w', 32: 'd', 64: 'q' };
/** `mov.from.cr`, `rol.cl`, `fadd.s32`, `push.es`: what is behind the dot is an operand to Intel. */
const DOTTED = /\..*$/;

/** @param size operand size in bits, where the operation has one */
export function intelMnemonic(mnemonic: string, size: number | undefined, addressSize: number): string {
  if (STRINGS.test(mnemonic)) {
    // There are no 64-bit ports: INS and OUTS move 32 bits then.
    const width = /^(?:ins|outs)$/.test(mnemonic) && size === 64 ? 32 : size;
    return mnemonic + (LETTER[width ?? 0] ?? '');
  }
  if (mnemonic === 'jcxz') return { 16: 'jcxz', 32: 'jecxz', 64: 'jrcxz' }[addressSize] ?? mnemonic;
  const bare = mnemonic.replace(DOTTED, '');
  const spelling = SPELLING[mnemonic] ?? SPELLING[bare];
  if (typeof spelling === 'string') return spelling;
  if (spelling !== undefined) return spelling[size as 16 | 32 | 64] ?? bare;
  return bare;
}
