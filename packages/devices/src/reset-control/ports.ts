import { bytePorts, type PioBus } from '@vizor/bus';
import { RESET_CONTROL, type ResetControl } from './reset-control.ts';

/** Put the register at its port. A PCI host bridge that owns 0xcf8 to 0xcff must hand this one byte on instead. */
export function attachResetControl(bus: PioBus, device: ResetControl): void {
  bus.map(RESET_CONTROL.PORT, 1, bytePorts(device), 'reset control');
}
