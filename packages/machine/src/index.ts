export type { AcceleratorChoice, JitChoice, VmOptions } from './options.ts';
export type { ExitReason, RunResult } from './result.ts';
export { VM, type VmConsole } from './vm.ts';
