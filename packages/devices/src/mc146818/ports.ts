import { bytePorts, type PioBus } from '@vizor/bus';
import type { Mc146818 } from './mc146818.ts';

/** Put the clock's index and data ports at 0x70. */
export function attachMc146818(bus: PioBus, rtc: Mc146818): void {
  bus.map(0x70, 2, bytePorts(rtc), 'MC146818');
}
