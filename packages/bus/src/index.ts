export { type ByteRegisters, bytePorts } from './byte-ports.ts';
export { MmioBus } from './mmio-bus.ts';
export { PioBus } from './pio-bus.ts';
