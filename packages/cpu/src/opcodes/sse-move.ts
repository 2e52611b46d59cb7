import { parseForms } from './form.ts';

/** Moves between XMM registers, memory and general registers. Dotted names tell apart forms that write another register file. */
export const sseMove = parseForms(
  'sse.move',
  `
NP 0F 10 /r  movups Vx,Wx
NP 0F 11 /r  movups Wx,Vx
66 0F 10 /r  movupd Vx,Wx
66 0F 11 /r  movupd Wx,Vx
F3 0F 10 /r  movss Vx,Wx
F3 0F 11 /r  movss Wx,Vx
F2 0F 10 /r  movsd Vx,Wx
F2 0F 11 /r  movsd Wx,Vx
NP 0F 12 /r  movlps Vx,M mem
NP 0F 12 /r  movhlps Vx,Wx reg
66 0F 12 /r  movlpd Vx,M mem
F3 0F 12 /r  movsldup Vx,Wx
F2 0F 12 /r  movddup Vx,Wx
NP 0F 13 /r  movlps M,Vx mem
66 0F 13 /r  movlpd M,Vx mem
NP 0F 16 /r  movhps Vx,M mem
NP 0F 16 /r  movlhps Vx,Wx reg
66 0F 16 /r  movhpd Vx,M mem
F3 0F 16 /r  movshdup Vx,Wx
NP 0F 17 /r  movhps M,Vx mem
66 0F 17 /r  movhpd M,Vx mem
NP 0F 28 /r  movaps Vx,Wx
NP 0F 29 /r  movaps Wx,Vx
66 0F 28 /r  movapd Vx,Wx
66 0F 29 /r  movapd Wx,Vx
NP 0F 2B /r  movntps M,Vx mem
66 0F 2B /r  movntpd M,Vx mem
NP 0F 50 /r  movmskps Gd,Wx reg
66 0F 50 /r  movmskpd Gd,Wx reg
66 0F 6E /r  movd Vx,Ey
66 0F 7E /r  movd.out Ey,Vx
66 0F 6F /r  movdqa Vx,Wx
66 0F 7F /r  movdqa Wx,Vx
F3 0F 6F /r  movdqu Vx,Wx
F3 0F 7F /r  movdqu Wx,Vx
F3 0F 7E /r  movq Vx,Wx
66 0F D6 /r  movq Wx,Vx
66 0F D7 /r  pmovmskb Gd,Wx reg
66 0F E7 /r  movntdq M,Vx mem
F2 0F F0 /r  lddqu Vx,M mem
66 0F F7 /r  maskmovdqu Vx,Wx reg
66 0F 38 2A /r  movntdqa Vx,M mem
NP 0F AE /2  ldmxcsr M mem
NP 0F AE /3  stmxcsr M mem
`,
);
