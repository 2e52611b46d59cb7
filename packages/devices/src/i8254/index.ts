export type { CounterState } from './counter.ts';
export { I8254, type I8254State } from './i8254.ts';
export { attachI8254, PortB, type PortBState } from './ports.ts';
export { PIT_HZ } from './ticks.ts';
