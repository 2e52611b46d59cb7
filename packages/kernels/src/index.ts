export { type CpuKernel, type CpuKernelHost, instantiateCpuKernel } from './cpu-kernel.ts';
