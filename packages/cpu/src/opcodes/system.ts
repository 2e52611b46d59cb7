import { parseForms } from './form.ts';

/** Segments, privilege, interrupts, far transfers. */
const FAR = `
9A         callf Ap   v i64
EA         jmpf Ap   v i64
FF /3      callf M   mem v
FF /5      jmpf M   mem v
CB         retf   v
CA         retf Iw   v
CC         int3
CD         int Ib
CE         into   i64
F1         int1
CF         iret   v
8C /r      mov.from.sreg Ev,Sw
8E /r      mov.to.sreg Sw,Ew2
C4 /r      les Gv,M   mem i64
C5 /r      lds Gv,M   mem i64
0F B2 /r   lss Gv,M   mem
0F B4 /r   lfs Gv,M   mem
0F B5 /r   lgs Gv,M   mem
62 /r      bound Gv,M   mem i64
63 /r      arpl Ew,Gw   i64
`;

/** Descriptor tables, control registers, the rest of what only a kernel (or its probing of the processor) uses. */
const SYSTEM = `
F4         hlt
FA         cli
FB         sti
0F 00 /0   sldt Ev
0F 00 /1   str Ev
0F 00 /2   lldt Ew2
0F 00 /3   ltr Ew2
0F 00 /4   verr Ew2
0F 00 /5   verw Ew2
0F 01 /0   sgdt M   mem
0F 01 /1   sidt M   mem
0F 01 /2   lgdt M   mem
0F 01 /3   lidt M   mem
0F 01 /4   smsw Ev
0F 01 /6   lmsw Ew2
0F 01 /7   invlpg M   mem
0F 01 F8   swapgs   o64
0F 01 F9   rdtscp
0F 02 /r   lar Gv,Ew2
0F 03 /r   lsl Gv,Ew2
0F 05      syscall
0F 06      clts
0F 07      sysret   y
0F 08      invd
0F 09      wbinvd
0F 0B      ud2
0F 20 /r   mov.from.cr Rn,Cn
0F 22 /r   mov.to.cr Cn,Rn
0F 21 /r   mov.from.dr Rn,Dn
0F 23 /r   mov.to.dr Dn,Rn
0F 30      wrmsr
0F 31      rdtsc
0F 32      rdmsr
0F 33      rdpmc
0F 34      sysenter
0F 35      sysexit   y
0F A2      cpuid
F3 90      pause
`;

export const far = parseForms('far', FAR);
export const system = parseForms('system', SYSTEM);
