import type { PioBus } from '@vizor/bus';
import type { PioDevice } from '@vizor/core';
import { RESET_CONTROL, type ResetControl } from './reset-control.ts';

/** PCI's configuration address register lies around the reset register and is only reached by 32-bit accesses. */
const CONFIG_ADDRESS = 0xcf8;
const LENGTH = 4;

/**
 * Put the register at its port. It answers byte accesses only: a 32-bit access at 0xcf8 is for PCI's configuration
 * address register (PCI Local Bus 3.0, 3.2.2.3.2), and a guest that looks for PCI must not reset itself. There is no PCI
 * here, so such accesses go nowhere. A PCI host bridge that owns 0xcf8 to 0xcff will hand this one byte on instead.
 */
export function attachResetControl(bus: PioBus, device: ResetControl): void {
  const isRegister = (offset: number, size: number) => size === 1 && CONFIG_ADDRESS + offset === RESET_CONTROL.PORT;
  const window: PioDevice = {
    pioRead: (offset, size) => (isRegister(offset, size) ? device.read() : 0xffffffff >>> (32 - 8 * size)),
    pioWrite: (offset, size, value) => {
      if (isRegister(offset, size)) device.write(0, value);
    },
  };
  bus.map(CONFIG_ADDRESS, LENGTH, window, 'reset control');
}
