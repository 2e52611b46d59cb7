import { parseForms } from './form.ts';

/** Floating-point arithmetic. */
export const sseFloat = parseForms(
  'sse.float',
  `
NP 0F 51 /r  sqrtps Vx,Wx
66 0F 51 /r  sqrtpd Vx,Wx
F3 0F 51 /r  sqrtss Vx,Wx
F2 0F 51 /r  sqrtsd Vx,Wx
NP 0F 52 /r  rsqrtps Vx,Wx
F3 0F 52 /r  rsqrtss Vx,Wx
NP 0F 53 /r  rcpps Vx,Wx
F3 0F 53 /r  rcpss Vx,Wx
NP 0F 58 /r  addps Vx,Wx
66 0F 58 /r  addpd Vx,Wx
F3 0F 58 /r  addss Vx,Wx
F2 0F 58 /r  addsd Vx,Wx
NP 0F 59 /r  mulps Vx,Wx
66 0F 59 /r  mulpd Vx,Wx
F3 0F 59 /r  mulss Vx,Wx
F2 0F 59 /r  mulsd Vx,Wx
NP 0F 5C /r  subps Vx,Wx
66 0F 5C /r  subpd Vx,Wx
F3 0F 5C /r  subss Vx,Wx
F2 0F 5C /r  subsd Vx,Wx
NP 0F 5D /r  minps Vx,Wx
66 0F 5D /r  minpd Vx,Wx
F3 0F 5D /r  minss Vx,Wx
F2 0F 5D /r  minsd Vx,Wx
NP 0F 5E /r  divps Vx,Wx
66 0F 5E /r  divpd Vx,Wx
F3 0F 5E /r  divss Vx,Wx
F2 0F 5E /r  divsd Vx,Wx
NP 0F 5F /r  maxps Vx,Wx
66 0F 5F /r  maxpd Vx,Wx
F3 0F 5F /r  maxss Vx,Wx
F2 0F 5F /r  maxsd Vx,Wx
66 0F 7C /r  haddpd Vx,Wx
F2 0F 7C /r  haddps Vx,Wx
66 0F 7D /r  hsubpd Vx,Wx
F2 0F 7D /r  hsubps Vx,Wx
66 0F D0 /r  addsubpd Vx,Wx
F2 0F D0 /r  addsubps Vx,Wx
66 0F 3A 40 /r  dpps Vx,Wx,Ib
66 0F 3A 41 /r  dppd Vx,Wx,Ib
`,
);
