import { parseForms } from './form.ts';

/** String comparison of SSE4.2. */
export const sseString = parseForms(
  'sse.string',
  `
66 0F 3A 60 /r  pcmpestrm Vx,Wx,Ib
66 0F 3A 61 /r  pcmpestri Vx,Wx,Ib
66 0F 3A 62 /r  pcmpistrm Vx,Wx,Ib
66 0F 3A 63 /r  pcmpistri Vx,Wx,Ib
`,
);
