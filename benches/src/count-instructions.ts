import { BareGuest } from './guest/bare-guest.ts';
import { type Image, MARK } from './guest/image.ts';

const COM1 = 0x3f8;
const LSR = 0x3fd;
const LSR_THRE = 0x20;
const DEBUG_EXIT = 0xf4;

/** Guest instructions between an image's marks, counted by the software CPU. */
export function countInstructions(image: Image): number[] {
  const counts: number[] = [];
  let last: number | undefined;
  let ended = false;
  const guest = new BareGuest(image.segments, {
    pioRead: (port) => (port === LSR ? LSR_THRE : 0xff),
    pioWrite(port, _size, value) {
      if (port === DEBUG_EXIT) ended = true;
      // The count is exact once `run` has returned.
      if (ended || (port === COM1 && value === MARK.charCodeAt(0))) guest.vcpu.stop();
    },
  });
  let rip = image.entry64;
  while (true) {
    guest.run(rip);
    if (ended) return counts;
    const now = guest.vcpu.instructions;
    if (last !== undefined) counts.push(now - last);
    last = now;
    rip = Number(guest.vcpu.registers.get('rip'));
  }
}
