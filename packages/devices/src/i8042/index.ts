export { I8042, type I8042Events, type I8042State } from './i8042.ts';
export { attachI8042 } from './ports.ts';
