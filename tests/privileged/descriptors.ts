// Descriptors, gates and task state segments as bytes in memory (Intel SDM vol. 3, 3.4.5, 5.8.3, 6.11, 7.2).

/** Access byte of segment descriptors: present, not system. */
export const ACCESS = Object.freeze({
  DATA: 0x93,
  DATA_READ_ONLY: 0x91,
  DATA_EXPAND_DOWN: 0x97,
  CODE: 0x9b,
  CODE_EXECUTE_ONLY: 0x99,
  CODE_CONFORMING: 0x9f,
  DPL3: 0x60,
  PRESENT: 0x80,
});

/** Flags in the high nibble of byte 6. */
export const FLAG = Object.freeze({ GRANULAR: 8, BIG: 4, LONG: 2 });

/** System descriptor types. */
export const TYPE = Object.freeze({
  TSS16: 0x1,
  LDT: 0x2,
  CALL16: 0x4,
  TASK_GATE: 0x5,
  INTERRUPT16: 0x6,
  TRAP16: 0x7,
  TSS32: 0x9,
  CALL32: 0xc,
  INTERRUPT32: 0xe,
  TRAP32: 0xf,
});

/** A code, data, TSS or LDT descriptor. `limit` in units of `flags`' granularity. */
export function segmentDescriptor(base: number, limit: number, access: number, flags: number): bigint {
  const at = BigInt(base);
  const size = BigInt(limit);
  return (
    (size & 0xffffn) |
    ((at & 0xffffffn) << 16n) |
    (BigInt(access) << 40n) |
    (((size >> 16n) & 0xfn) << 48n) |
    (BigInt(flags) << 52n) |
    (((at >> 24n) & 0xffn) << 56n)
  );
}

/** Base 0, limit 4 GiB. */
export function flatDescriptor(access: number, flags = FLAG.GRANULAR | FLAG.BIG): bigint {
  return segmentDescriptor(0, 0xfffff, access, flags);
}

export interface Gate {
  selector: number;
  offset: number | bigint;
  type: number;
  dpl?: number;
  present?: boolean;
  /** Interrupt stack table index (64-bit) or number of parameters (call gates). */
  low?: number;
}

/** Lower 8 bytes of a gate: all of it outside long mode. */
export function gateDescriptor({ selector, offset, type, dpl = 0, present = true, low = 0 }: Gate): bigint {
  const at = BigInt(offset);
  return (
    (at & 0xffffn) |
    (BigInt(selector) << 16n) |
    (BigInt(low) << 32n) |
    (BigInt(type | (dpl << 5) | (present ? 0x80 : 0)) << 40n) |
    (((at >> 16n) & 0xffffn) << 48n)
  );
}
