import { parseForms } from './form.ts';

/** MMX, with what SSE, SSE2 and SSSE3 added to it. Conversions to and from floating point are in sse-convert.ts. */
export const mmx = parseForms(
  'mmx',
  `
NP 0F 60 /r  punpcklbw Pq,Qq
NP 0F 61 /r  punpcklwd Pq,Qq
NP 0F 62 /r  punpckldq Pq,Qq
NP 0F 63 /r  packsswb Pq,Qq
NP 0F 64 /r  pcmpgtb Pq,Qq
NP 0F 65 /r  pcmpgtw Pq,Qq
NP 0F 66 /r  pcmpgtd Pq,Qq
NP 0F 67 /r  packuswb Pq,Qq
NP 0F 68 /r  punpckhbw Pq,Qq
NP 0F 69 /r  punpckhwd Pq,Qq
NP 0F 6A /r  punpckhdq Pq,Qq
NP 0F 6B /r  packssdw Pq,Qq
NP 0F 6E /r  movd Pq,Ey
NP 0F 6F /r  movq Pq,Qq
NP 0F 70 /r  pshufw Pq,Qq,Ib
NP 0F 71 /2  psrlw Qq,Ib reg
NP 0F 71 /4  psraw Qq,Ib reg
NP 0F 71 /6  psllw Qq,Ib reg
NP 0F 72 /2  psrld Qq,Ib reg
NP 0F 72 /4  psrad Qq,Ib reg
NP 0F 72 /6  pslld Qq,Ib reg
NP 0F 73 /2  psrlq Qq,Ib reg
NP 0F 73 /6  psllq Qq,Ib reg
NP 0F 74 /r  pcmpeqb Pq,Qq
NP 0F 75 /r  pcmpeqw Pq,Qq
NP 0F 76 /r  pcmpeqd Pq,Qq
NP 0F 77  emms
NP 0F 7E /r  movd.out Ey,Pq
NP 0F 7F /r  movq Qq,Pq
NP 0F C4 /r  pinsrw Pq,Ew2,Ib
NP 0F C5 /r  pextrw Gd,Qq,Ib reg
NP 0F D1 /r  psrlw Pq,Qq
NP 0F D2 /r  psrld Pq,Qq
NP 0F D3 /r  psrlq Pq,Qq
NP 0F D4 /r  paddq Pq,Qq
NP 0F D5 /r  pmullw Pq,Qq
F3 0F D6 /r  movq2dq Vx,Qq reg
F2 0F D6 /r  movdq2q Pq,Wx reg
NP 0F D7 /r  pmovmskb Gd,Qq reg
NP 0F D8 /r  psubusb Pq,Qq
NP 0F D9 /r  psubusw Pq,Qq
NP 0F DA /r  pminub Pq,Qq
NP 0F DB /r  pand Pq,Qq
NP 0F DC /r  paddusb Pq,Qq
NP 0F DD /r  paddusw Pq,Qq
NP 0F DE /r  pmaxub Pq,Qq
NP 0F DF /r  pandn Pq,Qq
NP 0F E0 /r  pavgb Pq,Qq
NP 0F E1 /r  psraw Pq,Qq
NP 0F E2 /r  psrad Pq,Qq
NP 0F E3 /r  pavgw Pq,Qq
NP 0F E4 /r  pmulhuw Pq,Qq
NP 0F E5 /r  pmulhw Pq,Qq
NP 0F E7 /r  movntq M,Pq mem
NP 0F E8 /r  psubsb Pq,Qq
NP 0F E9 /r  psubsw Pq,Qq
NP 0F EA /r  pminsw Pq,Qq
NP 0F EB /r  por Pq,Qq
NP 0F EC /r  paddsb Pq,Qq
NP 0F ED /r  paddsw Pq,Qq
NP 0F EE /r  pmaxsw Pq,Qq
NP 0F EF /r  pxor Pq,Qq
NP 0F F1 /r  psllw Pq,Qq
NP 0F F2 /r  pslld Pq,Qq
NP 0F F3 /r  psllq Pq,Qq
NP 0F F4 /r  pmuludq Pq,Qq
NP 0F F5 /r  pmaddwd Pq,Qq
NP 0F F6 /r  psadbw Pq,Qq
NP 0F F7 /r  maskmovq Pq,Qq reg
NP 0F F8 /r  psubb Pq,Qq
NP 0F F9 /r  psubw Pq,Qq
NP 0F FA /r  psubd Pq,Qq
NP 0F FB /r  psubq Pq,Qq
NP 0F FC /r  paddb Pq,Qq
NP 0F FD /r  paddw Pq,Qq
NP 0F FE /r  paddd Pq,Qq
NP 0F 38 00 /r  pshufb Pq,Qq
NP 0F 38 01 /r  phaddw Pq,Qq
NP 0F 38 02 /r  phaddd Pq,Qq
NP 0F 38 03 /r  phaddsw Pq,Qq
NP 0F 38 04 /r  pmaddubsw Pq,Qq
NP 0F 38 05 /r  phsubw Pq,Qq
NP 0F 38 06 /r  phsubd Pq,Qq
NP 0F 38 07 /r  phsubsw Pq,Qq
NP 0F 38 08 /r  psignb Pq,Qq
NP 0F 38 09 /r  psignw Pq,Qq
NP 0F 38 0A /r  psignd Pq,Qq
NP 0F 38 0B /r  pmulhrsw Pq,Qq
NP 0F 38 1C /r  pabsb Pq,Qq
NP 0F 38 1D /r  pabsw Pq,Qq
NP 0F 38 1E /r  pabsd Pq,Qq
NP 0F 3A 0F /r  palignr Pq,Qq,Ib
`,
);
