import { Comparison } from './compare.ts';
import { opcodes, modrms, PREFIXES, REX_PREFIXES, Random } from './enumerate.ts';
const c = new Comparison(); const r = new Random(7); const seen = new Map<string,[number,string]>(); let n=0; const t0=performance.now();
const only = process.argv[2];
for (const bits of [16,32,64] as const) for (const op of opcodes()) for (const pre of bits===64?[...PREFIXES,...REX_PREFIXES]:PREFIXES) for (const m of modrms(op)) {
  const bytes=new Uint8Array(32); r.fill(bytes); bytes.set([...pre,...op,m]); const page={16:0x5000,32:0x54321000,64:0x7654321000}[bits];
  n++; let d: string|undefined; try { d=c.disagreement(bytes,{bits,ip:page+r.below(4096)}); } catch(e){ d='THROW '+(e as Error).stack; }
  if (d) { const k=(/: (\S+) ".*iced (\S+)/.exec(d)??[,d,'']).slice(1).join(' / '); const k2=bits===64?k:k; const s=seen.get(k2); if(s) s[0]++; else seen.set(k2,[1,d]); }
}
console.log(n,'cases',(performance.now()-t0)/1000,'s', seen.size,'kinds');
for (const [k,[count,d]] of seen) if (!only || k.includes(only)) console.log(count, d);
