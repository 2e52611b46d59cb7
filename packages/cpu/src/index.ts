export type { JitStatistics } from './jit-statistics.ts';
export {
  type ControlRegister,
  type GeneralRegister,
  Registers,
  SEGMENTS,
  type Segment,
  type SegmentName,
} from './registers.ts';
export { type JitMode, SoftwareVcpu } from './vcpu.ts';
