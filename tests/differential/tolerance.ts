import type { Encoding } from './forms.ts';
import { FX_FSW, FX_ST, type State } from './state.ts';

/** Units in the last place that a transcendental result may be off: manuals promise one (Intel SDM vol. 1, 8.3.10). */
const ULPS = 1n;
const C1 = 0x200;

/** An extended value as a number that grows by one a unit in the last place. */
function ordinal(state: State, register: number): bigint {
  const at = FX_ST + register * 16;
  const exponent = BigInt(state.view.getUint16(at + 8, true));
  return (exponent << 63n) | (state.view.getBigUint64(at, true) & 0x7fffffffffffffffn);
}

function isClose(host: State, guest: State, register: number): boolean {
  const distance = ordinal(host, register) - ordinal(guest, register);
  return distance <= ULPS && distance >= -ULPS;
}

/** Take what transcendental instructions may differ in off the list: the last place, and with it whether it was rounded up. */
export function tolerate(encoding: Encoding, host: State, guest: State, differences: readonly string[]): string[] {
  if (encoding.form.group !== 'x87.transcendental') return [...differences];
  return differences.filter((item) => {
    if (item === 'fsw') return (host.view.getUint16(FX_FSW, true) ^ guest.view.getUint16(FX_FSW, true)) !== C1;
    if (item === 'st0' || item === 'st1') return !isClose(host, guest, item === 'st0' ? 0 : 1);
    return true;
  });
}
