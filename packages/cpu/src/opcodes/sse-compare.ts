import { parseForms } from './form.ts';

/** Floating-point comparisons. */
export const sseCompare = parseForms(
  'sse.compare',
  `
NP 0F 2E /r  ucomiss Vx,Wx
66 0F 2E /r  ucomisd Vx,Wx
NP 0F 2F /r  comiss Vx,Wx
66 0F 2F /r  comisd Vx,Wx
NP 0F C2 /r  cmpps Vx,Wx,Ib
66 0F C2 /r  cmppd Vx,Wx,Ib
F3 0F C2 /r  cmpss Vx,Wx,Ib
F2 0F C2 /r  cmpsd Vx,Wx,Ib
`,
);
