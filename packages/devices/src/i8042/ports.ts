import { bytePorts, type PioBus } from '@vizor/bus';
import type { I8042 } from './i8042.ts';

/** Put the controller's data and command ports at 0x60 and 0x64. */
export function attachI8042(bus: PioBus, controller: I8042): void {
  const data = bytePorts({
    read: () => controller.readData(),
    write: (_offset, value) => controller.writeData(value),
  });
  const command = bytePorts({
    read: () => controller.readStatus(),
    write: (_offset, value) => controller.writeCommand(value),
  });
  bus.map(0x60, 1, data, '8042 data');
  bus.map(0x64, 1, command, '8042 command');
}
