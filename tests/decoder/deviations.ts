// Encodings that the decoder reads otherwise than iced-x86, and why.

interface Deviation {
  readonly reason: string;
  /** Operations that ours may be. */
  readonly ours: RegExp;
  /** Encodings of iced's that it may be told from. */
  readonly theirs: RegExp;
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    reason: 'which control, debug and segment registers exist is found out when the instruction is executed: #UD then',
    ours: /^MOV_(?:TO|FROM)_(?:CR|DR|SREG)_/,
    theirs: /^INVALID$/,
  },
  {
    reason: 'LOCK MOV CR0 as another name of CR8 is a feature (AltMovCr8) that CPUID does not show',
    ours: /^ILLEGAL$/,
    theirs: /^Mov_(?:cr_r|r\d\d_cr)/,
  },
  {
    reason: 'AMD has 0F 0D for memory alone; iced takes a register form for a reserved NOP',
    ours: /^ILLEGAL$/,
    theirs: /^Reservednop_.*_0F0D$/,
  },
  {
    reason: 'REX.W makes far pointers in memory 64 bits wide as on Intel; AMD leaves them at 32',
    ours: /^(?:L[SFG]S_RM|CALLF_M|JMPF_M)_64$/,
    theirs: /^(?:L[sfg]s_r32_m1632|Call_m1632|Jmp_m1632)$/,
  },
  {
    reason: 'REX.W means nothing to IN and OUT: the operation of 64 bits moves 32',
    ours: /^(?:IN|OUT)_.*_64$/,
    theirs: /^(?:In|Out)_.*EAX/,
  },
  {
    reason: 'F3 90 with REX.B exchanges with r8 (as the processor does); iced calls it PAUSE',
    ours: /^XCHG_RAX_R_/,
    theirs: /^Pause$/,
  },
  {
    reason: 'the 16-bit operation of CRC32 has a 32-bit destination and a 16-bit source',
    ours: /^CRC32_R[RM]_16$/,
    theirs: /^Crc32_r32_rm16$/,
  },
];

/** Why a disagreement of our operation and iced's encoding is meant, or undefined. */
export function deviationOf(ours: string, theirs: string): string | undefined {
  return DEVIATIONS.find((it) => it.ours.test(ours) && it.theirs.test(theirs))?.reason;
}
