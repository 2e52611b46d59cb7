export { type ControlRegister, type GeneralRegister, Registers, type Segment, SEGMENTS, type SegmentName } from './registers.ts';
export { SoftwareVcpu } from './vcpu.ts';
