export { TSC_HZ, type Vcpu, type VcpuExit, type VcpuHost } from './accelerator.ts';
export {
  type AccessSize,
  type Clock,
  type IrqLine,
  type MmioDevice,
  type PioDevice,
  type Saved,
  type Timer,
  unconnectedIrq,
} from './device.ts';
export { VizorError, type VizorErrorCode, type VizorErrorData } from './error.ts';
