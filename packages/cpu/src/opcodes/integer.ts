import { parseForms } from './form.ts';

/** Arithmetic and logic: the eight classic operations in all their shapes. */
const ARITHMETIC = `
00 /r      add Eb,Gb   lock
01 /r      add Ev,Gv   lock
02 /r      add Gb,Eb
03 /r      add Gv,Ev
04         add AL,Ib
05         add rAX,Iz
08 /r      or Eb,Gb   lock
09 /r      or Ev,Gv   lock
0A /r      or Gb,Eb
0B /r      or Gv,Ev
0C         or AL,Ib
0D         or rAX,Iz
10 /r      adc Eb,Gb   lock
11 /r      adc Ev,Gv   lock
12 /r      adc Gb,Eb
13 /r      adc Gv,Ev
14         adc AL,Ib
15         adc rAX,Iz
18 /r      sbb Eb,Gb   lock
19 /r      sbb Ev,Gv   lock
1A /r      sbb Gb,Eb
1B /r      sbb Gv,Ev
1C         sbb AL,Ib
1D         sbb rAX,Iz
20 /r      and Eb,Gb   lock
21 /r      and Ev,Gv   lock
22 /r      and Gb,Eb
23 /r      and Gv,Ev
24         and AL,Ib
25         and rAX,Iz
28 /r      sub Eb,Gb   lock
29 /r      sub Ev,Gv   lock
2A /r      sub Gb,Eb
2B /r      sub Gv,Ev
2C         sub AL,Ib
2D         sub rAX,Iz
30 /r      xor Eb,Gb   lock
31 /r      xor Ev,Gv   lock
32 /r      xor Gb,Eb
33 /r      xor Gv,Ev
34         xor AL,Ib
35         xor rAX,Iz
38 /r      cmp Eb,Gb
39 /r      cmp Ev,Gv
3A /r      cmp Gb,Eb
3B /r      cmp Gv,Ev
3C         cmp AL,Ib
3D         cmp rAX,Iz
80 /0      add Eb,Ib   lock
81 /0      add Ev,Iz   lock
82 /0      add Eb,Ib   i64   lock
83 /0      add Ev,Ibs   lock
80 /1      or Eb,Ib   lock
81 /1      or Ev,Iz   lock
82 /1      or Eb,Ib   i64   lock
83 /1      or Ev,Ibs   lock
80 /2      adc Eb,Ib   lock
81 /2      adc Ev,Iz   lock
82 /2      adc Eb,Ib   i64   lock
83 /2      adc Ev,Ibs   lock
80 /3      sbb Eb,Ib   lock
81 /3      sbb Ev,Iz   lock
82 /3      sbb Eb,Ib   i64   lock
83 /3      sbb Ev,Ibs   lock
80 /4      and Eb,Ib   lock
81 /4      and Ev,Iz   lock
82 /4      and Eb,Ib   i64   lock
83 /4      and Ev,Ibs   lock
80 /5      sub Eb,Ib   lock
81 /5      sub Ev,Iz   lock
82 /5      sub Eb,Ib   i64   lock
83 /5      sub Ev,Ibs   lock
80 /6      xor Eb,Ib   lock
81 /6      xor Ev,Iz   lock
82 /6      xor Eb,Ib   i64   lock
83 /6      xor Ev,Ibs   lock
80 /7      cmp Eb,Ib
81 /7      cmp Ev,Iz
82 /7      cmp Eb,Ib   i64
83 /7      cmp Ev,Ibs
FE /0      inc Eb   lock
FF /0      inc Ev   lock
FE /1      dec Eb   lock
FF /1      dec Ev   lock
40+        inc Zv   i64
48+        dec Zv   i64
84 /r      test Eb,Gb
85 /r      test Ev,Gv
A8         test AL,Ib
A9         test rAX,Iz
F6 /0      test Eb,Ib
F7 /0      test Ev,Iz
F6 /1      test Eb,Ib
F7 /1      test Ev,Iz
F6 /2      not Eb   lock
F7 /2      not Ev   lock
F6 /3      neg Eb   lock
F7 /3      neg Ev   lock
F6 /4      mul Eb
F7 /4      mul Ev
F6 /5      imul1 Eb
F7 /5      imul1 Ev
F6 /6      div Eb
F7 /6      div Ev
F6 /7      idiv Eb
F7 /7      idiv Ev
69 /r      imul Gv,Ev,Iz
6B /r      imul Gv,Ev,Ibs
0F AF /r   imul Gv,Ev
0F C0 /r   xadd Eb,Gb   lock
0F C1 /r   xadd Ev,Gv   lock
0F B0 /r   cmpxchg Eb,Gb   lock
0F B1 /r   cmpxchg Ev,Gv   lock
0F C7 /1   cmpxchg8b M   mem y lock
27         daa   i64
2F         das   i64
37         aaa   i64
3F         aas   i64
D4         aam Ib   i64
D5         aad Ib   i64
`;

/** Shifts and rotates; D0/D1 by one, D2/D3 by CL. /6 is SHL's undocumented twin. */
const SHIFT = `
C0 /0      rol Eb,Ib
C1 /0      rol Ev,Ib
D0 /0      rol Eb,One
D1 /0      rol Ev,One
D2 /0      rol.cl Eb,CL
D3 /0      rol.cl Ev,CL
C0 /1      ror Eb,Ib
C1 /1      ror Ev,Ib
D0 /1      ror Eb,One
D1 /1      ror Ev,One
D2 /1      ror.cl Eb,CL
D3 /1      ror.cl Ev,CL
C0 /2      rcl Eb,Ib
C1 /2      rcl Ev,Ib
D0 /2      rcl Eb,One
D1 /2      rcl Ev,One
D2 /2      rcl.cl Eb,CL
D3 /2      rcl.cl Ev,CL
C0 /3      rcr Eb,Ib
C1 /3      rcr Ev,Ib
D0 /3      rcr Eb,One
D1 /3      rcr Ev,One
D2 /3      rcr.cl Eb,CL
D3 /3      rcr.cl Ev,CL
C0 /4      shl Eb,Ib
C1 /4      shl Ev,Ib
D0 /4      shl Eb,One
D1 /4      shl Ev,One
D2 /4      shl.cl Eb,CL
D3 /4      shl.cl Ev,CL
C0 /5      shr Eb,Ib
C1 /5      shr Ev,Ib
D0 /5      shr Eb,One
D1 /5      shr Ev,One
D2 /5      shr.cl Eb,CL
D3 /5      shr.cl Ev,CL
C0 /6      shl Eb,Ib
C1 /6      shl Ev,Ib
D0 /6      shl Eb,One
D1 /6      shl Ev,One
D2 /6      shl.cl Eb,CL
D3 /6      shl.cl Ev,CL
C0 /7      sar Eb,Ib
C1 /7      sar Ev,Ib
D0 /7      sar Eb,One
D1 /7      sar Ev,One
D2 /7      sar.cl Eb,CL
D3 /7      sar.cl Ev,CL
0F A4 /r   shld Ev,Gv,Ib
0F A5 /r   shld.cl Ev,Gv,CL
0F AC /r   shrd Ev,Gv,Ib
0F AD /r   shrd.cl Ev,Gv,CL
`;

const BITS = `
0F A3 /r   bt Ev,Gv
0F BA /4   bt Ev,Ib
0F AB /r   bts Ev,Gv   lock
0F BA /5   bts Ev,Ib   lock
0F B3 /r   btr Ev,Gv   lock
0F BA /6   btr Ev,Ib   lock
0F BB /r   btc Ev,Gv   lock
0F BA /7   btc Ev,Ib   lock
0F BC /r   bsf Gv,Ev
0F BD /r   bsr Gv,Ev
0F C8+     bswap Zv
`;

const MOVE = `
88 /r      mov Eb,Gb
89 /r      mov Ev,Gv
8A /r      mov Gb,Eb
8B /r      mov Gv,Ev
A0         mov AL,Ob
A1         mov rAX,Ov
A2         mov Ob,AL
A3         mov Ov,rAX
B0+        mov Zb,Ib
B8+        mov Zv,Iv
C6 /0      mov Eb,Ib
C7 /0      mov Ev,Iz
0F B6 /r   movzx.b Gv,Eb2
0F B7 /r   movzx.w Gv,Ew2
0F BE /r   movsx.b Gv,Eb2
0F BF /r   movsx.w Gv,Ew2
63 /r      movsxd Gv,Ed2   o64
8D /r      lea Gv,M   mem
86 /r      xchg Eb,Gb   lock
87 /r      xchg Ev,Gv   lock
90+        xchg.rax Zv
98         cbw   v
99         cwd   v
D7         xlat
0F 40 /r   cmovcc Gv,Ev   cc
0F 90 /r   setcc Eb   cc
9F         lahf
9E         sahf
F5         cmc
F8         clc
F9         stc
FC         cld
FD         std
D6         salc   i64
0F 1F /r   nop.rm Ew2
0F 19 /r   nop.rm Ew2
0F 1A /r   nop.rm Ew2
0F 1B /r   nop.rm Ew2
0F 1C /r   nop.rm Ew2
0F 1D /r   nop.rm Ew2
NP 0F 1E /r   nop.rm Ew2
66 0F 1E /r   nop.rm Ew2
F2 0F 1E /r   nop.rm Ew2
F3 0F 1E /r   nop.rm Ew2
`;

export const arithmetic = parseForms('arithmetic', ARITHMETIC);
export const shift = parseForms('shift', SHIFT);
export const bits = parseForms('bits', BITS);
export const move = parseForms('move', MOVE);
