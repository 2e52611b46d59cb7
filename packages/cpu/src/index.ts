export {
  type ControlRegister,
  type GeneralRegister,
  Registers,
  SEGMENTS,
  type Segment,
  type SegmentName,
} from './registers.ts';
export { SoftwareVcpu } from './vcpu.ts';
