/** Frequency of the PC's 8254 in Hz: a twelfth of 14.318182 MHz. */
export const PIT_HZ = 1_193_182;

const TICKS_PER_NS = PIT_HZ / 1e9;

/** Clock pulses since guest time 0. */
export function ticksAt(ns: number): number {
  return Math.floor(ns * TICKS_PER_NS);
}

/** First nanosecond at which {@link ticksAt} gives `tick`: rounding may put the quotient one off. */
export function nsOfTick(tick: number): number {
  let ns = Math.floor(tick / TICKS_PER_NS);
  while (ticksAt(ns) >= tick) ns--;
  while (ticksAt(ns) < tick) ns++;
  return ns;
}
