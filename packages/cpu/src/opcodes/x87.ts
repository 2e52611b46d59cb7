import { parseForms } from './form.ts';

/** On the register stack alone (asm/cpu/x87/registers.ts). Mnemonics in `.to` have ST(i) as destination. */
const registers = parseForms(
  'x87',
  `
  D8 /0      fadd STi reg
  D8 /1      fmul STi reg
  D8 /2      fcom STi reg
  D8 /3      fcomp STi reg
  D8 /4      fsub STi reg
  D8 /5      fsubr STi reg
  D8 /6      fdiv STi reg
  D8 /7      fdivr STi reg
  D9 /0      fld STi reg
  D9 /1      fxch STi reg
  D9 D0      fnop
  D9 /3      fstpnce STi reg     # undocumented
  D9 E0      fchs
  D9 E1      fabs
  D9 E4      ftst
  D9 E5      fxam
  D9 E8      fld1
  D9 E9      fldl2t
  D9 EA      fldl2e
  D9 EB      fldpi
  D9 EC      fldlg2
  D9 ED      fldln2
  D9 EE      fldz
  D9 F4      fxtract
  D9 F5      fprem1
  D9 F6      fdecstp
  D9 F7      fincstp
  D9 F8      fprem
  D9 FA      fsqrt
  D9 FC      frndint
  D9 FD      fscale
  DA /0      fcmovb STi reg
  DA /1      fcmove STi reg
  DA /2      fcmovbe STi reg
  DA /3      fcmovu STi reg
  DA E9      fucompp
  DB /0      fcmovnb STi reg
  DB /1      fcmovne STi reg
  DB /2      fcmovnbe STi reg
  DB /3      fcmovnu STi reg
  DB E0      feni
  DB E1      fdisi
  DB E4      fsetpm
  DB /5      fucomi STi reg
  DB /6      fcomi STi reg
  DC /0      fadd.to STi reg
  DC /1      fmul.to STi reg
  DC /2      fcom STi reg        # undocumented alias
  DC /3      fcomp STi reg       # undocumented alias
  DC /4      fsubr.to STi reg
  DC /5      fsub.to STi reg
  DC /6      fdivr.to STi reg
  DC /7      fdiv.to STi reg
  DD /0      ffree STi reg
  DD /1      fxch STi reg        # undocumented alias
  DD /2      fst STi reg
  DD /3      fstp STi reg
  DD /4      fucom STi reg
  DD /5      fucomp STi reg
  DE /0      faddp STi reg
  DE /1      fmulp STi reg
  DE /2      fcomp STi reg       # undocumented alias
  DE D9      fcompp
  DE /4      fsubrp STi reg
  DE /5      fsubp STi reg
  DE /6      fdivrp STi reg
  DE /7      fdivp STi reg
  DF /0      ffreep STi reg
  DF /1      fxch STi reg        # undocumented alias
  DF /2      fstp STi reg        # undocumented alias
  DF /3      fstp STi reg        # undocumented alias
  DF /5      fucomip STi reg
  DF /6      fcomip STi reg
`,
);

/** With a memory operand (asm/cpu/x87/memory.ts): s32, s64, s80 are floating-point formats, i16, i32, i64 integers. */
const memory = parseForms(
  'x87.memory',
  `
  D8 /0      fadd.s32 M
  D8 /1      fmul.s32 M
  D8 /2      fcom.s32 M
  D8 /3      fcomp.s32 M
  D8 /4      fsub.s32 M
  D8 /5      fsubr.s32 M
  D8 /6      fdiv.s32 M
  D8 /7      fdivr.s32 M
  D9 /0      fld.s32 M
  D9 /2      fst.s32 M
  D9 /3      fstp.s32 M
  DA /0      fiadd.i32 M
  DA /1      fimul.i32 M
  DA /2      ficom.i32 M
  DA /3      ficomp.i32 M
  DA /4      fisub.i32 M
  DA /5      fisubr.i32 M
  DA /6      fidiv.i32 M
  DA /7      fidivr.i32 M
  DB /0      fild.i32 M
  DB /1      fisttp.i32 M
  DB /2      fist.i32 M
  DB /3      fistp.i32 M
  DB /5      fld.s80 M
  DB /7      fstp.s80 M
  DC /0      fadd.s64 M
  DC /1      fmul.s64 M
  DC /2      fcom.s64 M
  DC /3      fcomp.s64 M
  DC /4      fsub.s64 M
  DC /5      fsubr.s64 M
  DC /6      fdiv.s64 M
  DC /7      fdivr.s64 M
  DD /0      fld.s64 M
  DD /1      fisttp.i64 M
  DD /2      fst.s64 M
  DD /3      fstp.s64 M
  DE /0      fiadd.i16 M
  DE /1      fimul.i16 M
  DE /2      ficom.i16 M
  DE /3      ficomp.i16 M
  DE /4      fisub.i16 M
  DE /5      fisubr.i16 M
  DE /6      fidiv.i16 M
  DE /7      fidivr.i16 M
  DF /0      fild.i16 M
  DF /1      fisttp.i16 M
  DF /2      fist.i16 M
  DF /3      fistp.i16 M
  DF /4      fbld M
  DF /5      fild.i64 M
  DF /6      fbstp M
  DF /7      fistp.i64 M
`,
);

/** Control and state (asm/cpu/x87/control.ts). */
const control = parseForms(
  'x87.control',
  `
  9B         fwait
  D9 /4      fldenv M
  D9 /5      fldcw M
  D9 /6      fnstenv M
  D9 /7      fnstcw M
  DB E2      fnclex
  DB E3      fninit
  DD /4      frstor M
  DD /6      fnsave M
  DD /7      fnstsw M
  DF E0      fnstsw AX
  NP 0F AE /0   fxsave M
  NP 0F AE /1   fxrstor M
`,
);

/** asm/cpu/x87/transcendental.ts. */
const transcendental = parseForms(
  'x87.transcendental',
  `
  D9 F0      f2xm1
  D9 F1      fyl2x
  D9 F2      fptan
  D9 F3      fpatan
  D9 F9      fyl2xp1
  D9 FB      fsincos
  D9 FE      fsin
  D9 FF      fcos
`,
);

export const x87 = [...registers, ...memory, ...control, ...transcendental];
