export {
  type AcceleratorChoice,
  type ExitReason,
  type RunResult,
  VM,
  type VmConsole,
  type VmOptions,
} from './vm.ts';
