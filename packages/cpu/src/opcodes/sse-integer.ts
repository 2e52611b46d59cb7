import { parseForms } from './form.ts';

/** Integer arithmetic, comparison, logic and shifts on XMM registers. */
export const sseInteger = parseForms(
  'sse.integer',
  `
NP 0F 54 /r  andps Vx,Wx
66 0F 54 /r  andpd Vx,Wx
NP 0F 55 /r  andnps Vx,Wx
66 0F 55 /r  andnpd Vx,Wx
NP 0F 56 /r  orps Vx,Wx
66 0F 56 /r  orpd Vx,Wx
NP 0F 57 /r  xorps Vx,Wx
66 0F 57 /r  xorpd Vx,Wx
66 0F 64 /r  pcmpgtb Vx,Wx
66 0F 65 /r  pcmpgtw Vx,Wx
66 0F 66 /r  pcmpgtd Vx,Wx
66 0F 74 /r  pcmpeqb Vx,Wx
66 0F 75 /r  pcmpeqw Vx,Wx
66 0F 76 /r  pcmpeqd Vx,Wx
66 0F D1 /r  psrlw Vx,Wx
66 0F D2 /r  psrld Vx,Wx
66 0F D3 /r  psrlq Vx,Wx
66 0F D4 /r  paddq Vx,Wx
66 0F D5 /r  pmullw Vx,Wx
66 0F D8 /r  psubusb Vx,Wx
66 0F D9 /r  psubusw Vx,Wx
66 0F DA /r  pminub Vx,Wx
66 0F DB /r  pand Vx,Wx
66 0F DC /r  paddusb Vx,Wx
66 0F DD /r  paddusw Vx,Wx
66 0F DE /r  pmaxub Vx,Wx
66 0F DF /r  pandn Vx,Wx
66 0F E0 /r  pavgb Vx,Wx
66 0F E1 /r  psraw Vx,Wx
66 0F E2 /r  psrad Vx,Wx
66 0F E3 /r  pavgw Vx,Wx
66 0F E4 /r  pmulhuw Vx,Wx
66 0F E5 /r  pmulhw Vx,Wx
66 0F E8 /r  psubsb Vx,Wx
66 0F E9 /r  psubsw Vx,Wx
66 0F EA /r  pminsw Vx,Wx
66 0F EB /r  por Vx,Wx
66 0F EC /r  paddsb Vx,Wx
66 0F ED /r  paddsw Vx,Wx
66 0F EE /r  pmaxsw Vx,Wx
66 0F EF /r  pxor Vx,Wx
66 0F F1 /r  psllw Vx,Wx
66 0F F2 /r  pslld Vx,Wx
66 0F F3 /r  psllq Vx,Wx
66 0F F4 /r  pmuludq Vx,Wx
66 0F F5 /r  pmaddwd Vx,Wx
66 0F F6 /r  psadbw Vx,Wx
66 0F F8 /r  psubb Vx,Wx
66 0F F9 /r  psubw Vx,Wx
66 0F FA /r  psubd Vx,Wx
66 0F FB /r  psubq Vx,Wx
66 0F FC /r  paddb Vx,Wx
66 0F FD /r  paddw Vx,Wx
66 0F FE /r  paddd Vx,Wx
66 0F 71 /2  psrlw Wx,Ib reg
66 0F 71 /4  psraw Wx,Ib reg
66 0F 71 /6  psllw Wx,Ib reg
66 0F 72 /2  psrld Wx,Ib reg
66 0F 72 /4  psrad Wx,Ib reg
66 0F 72 /6  pslld Wx,Ib reg
66 0F 73 /2  psrlq Wx,Ib reg
66 0F 73 /3  psrldq Wx,Ib reg
66 0F 73 /6  psllq Wx,Ib reg
66 0F 73 /7  pslldq Wx,Ib reg
66 0F 38 01 /r  phaddw Vx,Wx
66 0F 38 02 /r  phaddd Vx,Wx
66 0F 38 03 /r  phaddsw Vx,Wx
66 0F 38 04 /r  pmaddubsw Vx,Wx
66 0F 38 05 /r  phsubw Vx,Wx
66 0F 38 06 /r  phsubd Vx,Wx
66 0F 38 07 /r  phsubsw Vx,Wx
66 0F 38 08 /r  psignb Vx,Wx
66 0F 38 09 /r  psignw Vx,Wx
66 0F 38 0A /r  psignd Vx,Wx
66 0F 38 0B /r  pmulhrsw Vx,Wx
66 0F 38 17 /r  ptest Vx,Wx
66 0F 38 1C /r  pabsb Vx,Wx
66 0F 38 1D /r  pabsw Vx,Wx
66 0F 38 1E /r  pabsd Vx,Wx
66 0F 38 28 /r  pmuldq Vx,Wx
66 0F 38 29 /r  pcmpeqq Vx,Wx
66 0F 38 37 /r  pcmpgtq Vx,Wx
66 0F 38 38 /r  pminsb Vx,Wx
66 0F 38 39 /r  pminsd Vx,Wx
66 0F 38 3A /r  pminuw Vx,Wx
66 0F 38 3B /r  pminud Vx,Wx
66 0F 38 3C /r  pmaxsb Vx,Wx
66 0F 38 3D /r  pmaxsd Vx,Wx
66 0F 38 3E /r  pmaxuw Vx,Wx
66 0F 38 3F /r  pmaxud Vx,Wx
66 0F 38 40 /r  pmulld Vx,Wx
66 0F 38 41 /r  phminposuw Vx,Wx
66 0F 3A 42 /r  mpsadbw Vx,Wx,Ib
`,
);
