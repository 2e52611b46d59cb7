import { bytePorts, type PioBus } from '@vizor/bus';
import type { Uart16550 } from './uart16550.ts';

/** Where PCs have their first two serial ports, and the ISA interrupts they use. */
export const COM1 = Object.freeze({ port: 0x3f8, irq: 4 });
export const COM2 = Object.freeze({ port: 0x2f8, irq: 3 });

const REGISTERS = 8;

/** Put a UART's eight registers at `port`. */
export function attachUart16550(bus: PioBus, uart: Uart16550, port: number, name: string): void {
  bus.map(port, REGISTERS, bytePorts(uart), name);
}
