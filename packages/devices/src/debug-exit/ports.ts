import { bytePorts, type PioBus } from '@vizor/bus';
import { DEBUG_EXIT_PORT, type DebugExit } from './debug-exit.ts';

/** Put the port where QEMU's users have it. */
export function attachDebugExit(bus: PioBus, device: DebugExit): void {
  bus.map(DEBUG_EXIT_PORT, 1, bytePorts(device), 'debug exit');
}
