/** Window offsets (82093AA datasheet 3.1; the EOI register came with version 0x20). */
export const WINDOW = Object.freeze({ SELECT: 0x00, DATA: 0x10, EOI: 0x40 });

/** Indices behind the window (3.2). */
export const INDEX = Object.freeze({ ID: 0x00, VERSION: 0x01, ARBITRATION: 0x02, REDIRECTION: 0x10 });

export const VERSION = 0x20;

/** Redirection entry, low word (3.2.4); the high word's top byte is the destination. */
export const ENTRY = Object.freeze({
  VECTOR: 0x0000_00ff,
  DELIVERY_MODE: 0x0000_0700,
  DELIVERY_MODE_SHIFT: 8,
  LOGICAL: 0x0000_0800,
  ACTIVE_LOW: 0x0000_2000,
  REMOTE_IRR: 0x0000_4000,
  LEVEL: 0x0000_8000,
  MASKED: 0x0001_0000,
  /** What software writes: all but delivery status, remote IRR and the reserved bits. */
  WRITABLE: 0x0001_afff,
});

/** Delivery modes that may be level-triggered. */
export const DELIVERY = Object.freeze({ FIXED: 0, LOWEST_PRIORITY: 1 });
