/** What a bus that nobody drives reads as. */
export function allOnes(size: 1 | 2 | 4): number {
  return size === 4 ? 0xffff_ffff : size === 2 ? 0xffff : 0xff;
}

/** The low `size` bytes of `value`, unsigned. */
export function truncate(value: number, size: 1 | 2 | 4): number {
  return size === 4 ? value >>> 0 : size === 2 ? value & 0xffff : value & 0xff;
}
