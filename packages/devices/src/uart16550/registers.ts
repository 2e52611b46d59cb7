/** Register offsets (National PC16550D datasheet, table I); the first two change meaning with LCR.DLAB. */
export const REG = Object.freeze({
  /** Read: receiver buffer; write: transmitter holding; DLAB: divisor, low byte. */
  DATA: 0,
  /** Interrupt enable; DLAB: divisor, high byte. */
  IER: 1,
  /** Read: interrupt identification; write: FIFO control. */
  IIR_FCR: 2,
  LCR: 3,
  MCR: 4,
  LSR: 5,
  MSR: 6,
  SCRATCH: 7,
});

/** Interrupt enable, 8.7. */
export const IER = Object.freeze({
  RECEIVED: 0x01,
  THR_EMPTY: 0x02,
  LINE_STATUS: 0x04,
  MODEM_STATUS: 0x08,
  MASK: 0x0f,
});

/** Interrupt identification, 8.6: what is reported, most urgent first. */
export const IIR = Object.freeze({
  LINE_STATUS: 0x06,
  RECEIVED: 0x04,
  TIMEOUT: 0x0c,
  THR_EMPTY: 0x02,
  MODEM_STATUS: 0x00,
  NONE: 0x01,
  FIFOS_ENABLED: 0xc0,
});

/** FIFO control, 8.5. */
export const FCR = Object.freeze({ ENABLE: 0x01, CLEAR_RECEIVER: 0x02, CLEAR_TRANSMITTER: 0x04, TRIGGER_SHIFT: 6 });

/** Line control, 8.1. */
export const LCR = Object.freeze({ DLAB: 0x80 });

/** Modem control, 8.8. */
export const MCR = Object.freeze({
  DTR: 0x01,
  RTS: 0x02,
  OUT1: 0x04,
  OUT2: 0x08,
  LOOP: 0x10,
  MASK: 0x1f,
});

/** Line status, 8.4. */
export const LSR = Object.freeze({
  DATA_READY: 0x01,
  OVERRUN: 0x02,
  /** The bits that make a line status interrupt: overrun, parity, framing, break. */
  ERRORS: 0x1e,
  THR_EMPTY: 0x20,
  TRANSMITTER_EMPTY: 0x40,
});

/** Modem status, 8.9. */
export const MSR = Object.freeze({
  DELTA_CTS: 0x01,
  DELTA_DSR: 0x02,
  TRAILING_RI: 0x04,
  DELTA_DCD: 0x08,
  DELTAS: 0x0f,
  CTS: 0x10,
  DSR: 0x20,
  RI: 0x40,
  DCD: 0x80,
});
