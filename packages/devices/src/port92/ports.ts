import { bytePorts, type PioBus } from '@vizor/bus';
import type { Port92 } from './port92.ts';

/** Put system control port A at its port. */
export function attachPort92(bus: PioBus, device: Port92): void {
  bus.map(0x92, 1, bytePorts(device), 'system control port A');
}
