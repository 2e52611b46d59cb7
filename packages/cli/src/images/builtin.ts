import { readFileSync } from 'node:fs';

/** The project's own tiny guest, for hosts where no kernel can be had. Undefined while it has not been built. */
export function builtinGuest(): { kernel: Uint8Array } | undefined {
  try {
    return { kernel: readFileSync(new URL(import.meta.resolve('@vizor/asm/build/guest.elf'))) };
  } catch {
    return undefined;
  }
}
