/** First initialisation command word, 8259A datasheet "Initialization Command Words". */
export const ICW1 = Object.freeze({ NEEDS_ICW4: 0x01, SINGLE: 0x02, INIT: 0x10 });

export const ICW4 = Object.freeze({ AUTO_EOI: 0x02, SPECIAL_FULLY_NESTED: 0x10 });

/** Third operation command word: tells itself from the second by bit 3. */
export const OCW3 = Object.freeze({
  SELECT: 0x08,
  READ_ISR: 0x01,
  READ_REGISTER: 0x02,
  POLL: 0x04,
  SPECIAL_MASK: 0x20,
  SET_SPECIAL_MASK: 0x40,
});

/** Second operation command word, bits 7–5: rotate, specific, end of interrupt. */
export const OCW2 = Object.freeze({
  CLEAR_ROTATE_IN_AUTO_EOI: 0,
  EOI: 1,
  SPECIFIC_EOI: 3,
  SET_ROTATE_IN_AUTO_EOI: 4,
  ROTATE_EOI: 5,
  SET_PRIORITY: 6,
  ROTATE_SPECIFIC_EOI: 7,
});

/** What a poll returns beside the level when a request was pending. */
export const POLL_PENDING = 0x80;
