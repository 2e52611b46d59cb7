export { attachUart16550, COM1, COM2 } from './ports.ts';
export { Uart16550, type UartSink, type UartState } from './uart16550.ts';
