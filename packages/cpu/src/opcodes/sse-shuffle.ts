import { parseForms } from './form.ts';

/** Rearranging lanes: unpack, pack, shuffle, blend, insert, extract, extend. */
export const sseShuffle = parseForms(
  'sse.shuffle',
  `
NP 0F 14 /r  unpcklps Vx,Wx
66 0F 14 /r  unpcklpd Vx,Wx
NP 0F 15 /r  unpckhps Vx,Wx
66 0F 15 /r  unpckhpd Vx,Wx
66 0F 60 /r  punpcklbw Vx,Wx
66 0F 61 /r  punpcklwd Vx,Wx
66 0F 62 /r  punpckldq Vx,Wx
66 0F 63 /r  packsswb Vx,Wx
66 0F 67 /r  packuswb Vx,Wx
66 0F 68 /r  punpckhbw Vx,Wx
66 0F 69 /r  punpckhwd Vx,Wx
66 0F 6A /r  punpckhdq Vx,Wx
66 0F 6B /r  packssdw Vx,Wx
66 0F 6C /r  punpcklqdq Vx,Wx
66 0F 6D /r  punpckhqdq Vx,Wx
66 0F 70 /r  pshufd Vx,Wx,Ib
F3 0F 70 /r  pshufhw Vx,Wx,Ib
F2 0F 70 /r  pshuflw Vx,Wx,Ib
66 0F C4 /r  pinsrw Vx,Ew2,Ib
66 0F C5 /r  pextrw Gd,Wx,Ib reg
NP 0F C6 /r  shufps Vx,Wx,Ib
66 0F C6 /r  shufpd Vx,Wx,Ib
66 0F 38 00 /r  pshufb Vx,Wx
66 0F 38 10 /r  pblendvb Vx,Wx
66 0F 38 14 /r  blendvps Vx,Wx
66 0F 38 15 /r  blendvpd Vx,Wx
66 0F 38 20 /r  pmovsxbw Vx,Wx
66 0F 38 21 /r  pmovsxbd Vx,Wx
66 0F 38 22 /r  pmovsxbq Vx,Wx
66 0F 38 23 /r  pmovsxwd Vx,Wx
66 0F 38 24 /r  pmovsxwq Vx,Wx
66 0F 38 25 /r  pmovsxdq Vx,Wx
66 0F 38 2B /r  packusdw Vx,Wx
66 0F 38 30 /r  pmovzxbw Vx,Wx
66 0F 38 31 /r  pmovzxbd Vx,Wx
66 0F 38 32 /r  pmovzxbq Vx,Wx
66 0F 38 33 /r  pmovzxwd Vx,Wx
66 0F 38 34 /r  pmovzxwq Vx,Wx
66 0F 38 35 /r  pmovzxdq Vx,Wx
66 0F 3A 0C /r  blendps Vx,Wx,Ib
66 0F 3A 0D /r  blendpd Vx,Wx,Ib
66 0F 3A 0E /r  pblendw Vx,Wx,Ib
66 0F 3A 0F /r  palignr Vx,Wx,Ib
# The register is 32 bits wide whatever part is taken, so that SPL…DIL need no REX prefix: not an Eb operand.
66 0F 3A 14 /r  pextrb Ed2,Vx,Ib reg
66 0F 3A 14 /r  pextrb M,Vx,Ib mem
66 0F 3A 15 /r  pextrw Ed2,Vx,Ib reg
66 0F 3A 15 /r  pextrw M,Vx,Ib mem
66 0F 3A 16 /r  pextrd Ey,Vx,Ib
66 0F 3A 17 /r  extractps Ed2,Vx,Ib
66 0F 3A 20 /r  pinsrb Vx,Ed2,Ib reg
66 0F 3A 20 /r  pinsrb Vx,M,Ib mem
66 0F 3A 21 /r  insertps Vx,Wx,Ib
66 0F 3A 22 /r  pinsrd Vx,Ey,Ib
`,
);
