export type { I8259State } from './i8259.ts';
export { attachI8259Pair, I8259Pair, type I8259PairState } from './pair.ts';
