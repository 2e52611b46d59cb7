import { parseForms } from './form.ts';

/** Conversions between integers and floating point, between precisions, and rounding to integers. */
export const sseConvert = parseForms(
  'sse.convert',
  `
NP 0F 2A /r  cvtpi2ps Vx,Qq
66 0F 2A /r  cvtpi2pd Vx,Qq
F3 0F 2A /r  cvtsi2ss Vx,Ey
F2 0F 2A /r  cvtsi2sd Vx,Ey
NP 0F 2C /r  cvttps2pi Pq,Wx
66 0F 2C /r  cvttpd2pi Pq,Wx
F3 0F 2C /r  cvttss2si Gy,Wx
F2 0F 2C /r  cvttsd2si Gy,Wx
NP 0F 2D /r  cvtps2pi Pq,Wx
66 0F 2D /r  cvtpd2pi Pq,Wx
F3 0F 2D /r  cvtss2si Gy,Wx
F2 0F 2D /r  cvtsd2si Gy,Wx
NP 0F 5A /r  cvtps2pd Vx,Wx
66 0F 5A /r  cvtpd2ps Vx,Wx
F3 0F 5A /r  cvtss2sd Vx,Wx
F2 0F 5A /r  cvtsd2ss Vx,Wx
NP 0F 5B /r  cvtdq2ps Vx,Wx
66 0F 5B /r  cvtps2dq Vx,Wx
F3 0F 5B /r  cvttps2dq Vx,Wx
66 0F E6 /r  cvttpd2dq Vx,Wx
F3 0F E6 /r  cvtdq2pd Vx,Wx
F2 0F E6 /r  cvtpd2dq Vx,Wx
66 0F 3A 08 /r  roundps Vx,Wx,Ib
66 0F 3A 09 /r  roundpd Vx,Wx,Ib
66 0F 3A 0A /r  roundss Vx,Wx,Ib
66 0F 3A 0B /r  roundsd Vx,Wx,Ib
`,
);
