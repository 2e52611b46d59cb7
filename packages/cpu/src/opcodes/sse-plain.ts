import { parseForms } from './form.ts';

/** What came with SSE but touches no SIMD register: neither CR0.TS nor CR4.OSFXSR matter. */
export const ssePlain = parseForms(
  'sse.plain',
  `
0F 0D /r  prefetchw M mem
0F 18 /r  prefetch Ew2
NP 0F AE /5  lfence reg
NP 0F AE /6  mfence reg
NP 0F AE /7  sfence reg
NP 0F AE /7  clflush M mem
F3 0F B8 /r  popcnt Gv,Ev
NP 0F C3 /r  movnti M,Gy mem
F2 0F 38 F0 /r  crc32.b Gd,Eb2
F2 0F 38 F1 /r  crc32 Gv,Ev
`,
);
