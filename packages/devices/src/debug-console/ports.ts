import { bytePorts, type PioBus } from '@vizor/bus';
import { DEBUG_CONSOLE_PORT, type DebugConsole } from './debug-console.ts';

/** Put the console at its port. */
export function attachDebugConsole(bus: PioBus, device: DebugConsole): void {
  bus.map(DEBUG_CONSOLE_PORT, 1, bytePorts(device), 'debug console');
}
