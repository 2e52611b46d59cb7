import { BareGuest } from './guest/bare-guest.ts';
import { type Image, MARK } from './guest/image.ts';

const COM1 = 0x3f8;
const LSR = 0x3fd;
const LSR_THRE = 0x20;

/** Guest instructions from each of an image's marks to the next, counted by the software CPU. */
export function countInstructions(image: Image): number[] {
  const guest = new BareGuest(image.segments, {
    pioRead: (port) => (port === LSR ? LSR_THRE : 0xff),
    pioWrite(port, _size, value) {
      // The count is exact once `run` has returned.
      if (port === COM1 && value === MARK.charCodeAt(0)) guest.vcpu.stop();
    },
  });
  let rip = image.entry64;
  const counts = Array.from({ length: image.marks }, () => {
    guest.run(rip);
    rip = Number(guest.vcpu.registers.get('rip'));
    return guest.vcpu.instructions;
  });
  return counts.slice(1).map((count, i) => count - counts[i]!);
}
