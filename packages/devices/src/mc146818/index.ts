export type { CmosMemory } from './cmos.ts';
export { Mc146818, type Mc146818State } from './mc146818.ts';
export { attachMc146818 } from './ports.ts';
