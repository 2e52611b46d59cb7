/** Control word, 8254 datasheet figure 7. */
export const CONTROL = Object.freeze({
  CHANNEL_SHIFT: 6,
  READ_BACK: 3,
  ACCESS_SHIFT: 4,
  MODE_SHIFT: 1,
  BCD: 0x01,
});

/** Which bytes of the count are read and written. */
export const ACCESS = Object.freeze({ LATCH: 0, LSB: 1, MSB: 2, WORD: 3 });

/** Read-back command, figure 10: a clear bit asks. */
export const READ_BACK = Object.freeze({ NO_COUNT: 0x20, NO_STATUS: 0x10 });

/** Status byte, figure 11. */
export const STATUS = Object.freeze({ OUT: 0x80, NULL_COUNT: 0x40 });

export const MODE = Object.freeze({
  TERMINAL_COUNT: 0,
  ONE_SHOT: 1,
  RATE: 2,
  SQUARE: 3,
  SOFTWARE_STROBE: 4,
  HARDWARE_STROBE: 5,
});
