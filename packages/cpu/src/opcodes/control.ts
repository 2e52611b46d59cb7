import { parseForms } from './form.ts';

/** Near transfers of control. `wide` ones have a twin for targets in the page that they are in. */
const BRANCH = `
70         jcc Jb   cc d64 wide
0F 80      jcc Jz   cc d64 wide
EB         jmp Jb   d64 wide
E9         jmp Jz   d64 wide
E8         call Jz   d64
FF /2      call Ev   d64
FF /4      jmp Ev   d64
C3         ret   v d64
C2         ret Iw   v d64
E0         loopne Jb   d64
E1         loope Jb   d64
E2         loop Jb   d64
E3         jcxz Jb   d64
`;

/** The stack. Segment registers are pushed and popped as plain numbers. */
const STACK = `
50+        push Zv   d64
58+        pop Zv   d64
68         push Iz   d64
6A         push Ibs   d64
FF /6      push Ev   d64
8F /0      pop Ev   d64
06         push.es   v i64
07         pop.es   v i64
0E         push.cs   v i64
16         push.ss   v i64
17         pop.ss   v i64
1E         push.ds   v i64
1F         pop.ds   v i64
0F A0      push.fs   v d64
0F A1      pop.fs   v d64
0F A8      push.gs   v d64
0F A9      pop.gs   v d64
60         pusha   v i64
61         popa   v i64
9C         pushf   v d64
9D         popf   v d64
C8         enter Iwb   v d64
C9         leave   v d64
`;

/** Strings, with F3/F2 in OP_PREFIX, and port input and output. */
const STRING = `
A4         movs   b
A5         movs   v
A6         cmps   b
A7         cmps   v
AA         stos   b
AB         stos   v
AC         lods   b
AD         lods   v
AE         scas   b
AF         scas   v
6C         ins   b
6D         ins   v
6E         outs   b
6F         outs   v
E4         in.i AL,Ib
E5         in.i rAX,Ib
EC         in AL,DX
ED         in rAX,DX
E6         out.i Ib,AL
E7         out.i Ib,rAX
EE         out DX,AL
EF         out DX,rAX
`;

export const branch = parseForms('branch', BRANCH);
export const stack = parseForms('stack', STACK);
export const string = parseForms('string', STRING);
