import { concat } from '../bytes.ts';
import { IRQS, PORTS, SLEEP_TYPE_S5 } from '../platform.ts';
import { type Aml, device, eisaId, integer, io, irqNoFlags, name, pkg, resourceTemplate, scope } from './aml.ts';
import { table } from './table.ts';

/**
 * Differentiated System Description Table: how to switch off, and the devices that cannot be found by probing.
 *
 *     Name (\_S5, Package () { 5, 5, 0, 0 })
 *     Scope (\_SB) {
 *       Device (COM1) { _HID PNP0501, _UID 1, _CRS: ports 0x3f8–0x3ff, IRQ 4 }
 *       Device (RTC)  { _HID PNP0B00, _CRS: ports 0x70–0x71, IRQ 8 }
 *     }
 *
 * There is no PCI host bridge, no processor object and no GPE.
 */
export function dsdt(): Uint8Array {
  const sleepType = integer(SLEEP_TYPE_S5);
  const zero = integer(0);
  const aml: Aml[] = [
    name('\\_S5', pkg(sleepType, sleepType, zero, zero)),
    scope(
      '\\_SB',
      device(
        'COM1',
        name('_HID', eisaId('PNP0501')),
        name('_UID', integer(1)),
        name('_CRS', resourceTemplate(io(PORTS.COM1, 8), irqNoFlags(IRQS.COM1))),
      ),
      device(
        'RTC',
        name('_HID', eisaId('PNP0B00')),
        name('_CRS', resourceTemplate(io(PORTS.RTC, 2), irqNoFlags(IRQS.RTC))),
      ),
    ),
  ];
  return table('DSDT', 2, concat(aml));
}
