/** The project's own tiny guest, for hosts where no kernel can be had. Undefined where this build has none. */
export function builtinGuest(): { kernel: Uint8Array } | undefined {
  return undefined;
}
