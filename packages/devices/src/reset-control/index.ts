export { attachResetControl } from './ports.ts';
export { RESET_CONTROL, ResetControl, type ResetControlEvents, type ResetControlState } from './reset-control.ts';
