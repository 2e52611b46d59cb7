/**
 * National Semiconductor PC16550D UART, as the PC wires it: OUT2 gates the interrupt.
 *
 * Modelled: all registers, 16-byte receiver FIFO with trigger levels, character timeout, interrupt priorities,
 * loopback, modem status. A byte written is handed to the sink at once, so the transmitter is always empty; the line
 * is full duplex without errors, parity, breaks or speed (the divisor only sets the character timeout).
 *
 * Host input waits in a bounded queue and enters the FIFO as the guest drains it, so none is ever overrun. The host end
 * honours RTS: once a guest has written MCR, nothing enters while RTS is low. (A guest that never touches MCR gets
 * its input all the same.)
 *
 * What a guest may abuse: it can write without end, which is the sink's to bear; it can leave input unread, which fills
 * the queue and no more.
 */
import type { Clock, IrqLine, Saved, Timer } from '@vizor/core';
import { requireVersion } from '../saved.ts';
import { FCR, IER, IIR, LCR, LSR, MCR, MSR, REG } from './registers.ts';

/** Takes what the guest transmits, a byte at a time. */
export interface UartSink {
  write(byte: number): void;
}

export interface UartState {
  v: 1;
  ier: number;
  fcr: number;
  lcr: number;
  mcr: number;
  mcrWritten: boolean;
  scratch: number;
  divisor: number;
  errors: number;
  modemDeltas: number;
  thrEmptyPending: boolean;
  timedOut: boolean;
  fifo: number[];
  queue: number[];
  lastReceived: number;
}

const FIFO_SIZE = 16;
/** Bytes of host input that wait for the guest. */
const QUEUE_SIZE = 4096;
const TRIGGER_LEVELS = Object.freeze([1, 4, 8, 14]);
/** Input clock of 1.8432 MHz over 16: bits a second at divisor 1. */
const MAX_BAUD = 115_200;
/** Character timeout: four characters of start, eight data and stop bit (datasheet 8.6). */
const TIMEOUT_BITS = 4 * 10;
/** The host end is always there: carrier, data set ready, clear to send. */
const PEER_STATUS = MSR.DCD | MSR.DSR | MSR.CTS;

export class Uart16550 implements Saved<UartState> {
  readonly #irq: IrqLine;
  readonly #clock: Clock;
  readonly #sink: UartSink;
  readonly #timeout: Timer;

  #ier = 0;
  #fcr = 0;
  #lcr = 0;
  #mcr = 0;
  #mcrWritten = false;
  #scratch = 0;
  #divisor = 1;
  #errors = 0;
  #modemDeltas = 0;
  /** A transmitter-empty interrupt has not been seen by the guest yet. */
  #thrEmptyPending = false;
  #timedOut = false;
  #fifo: number[] = [];
  #queue: number[] = [];
  /** Without FIFOs the receiver buffer keeps its byte after it was read. */
  #lastReceived = 0;

  constructor(parts: { irq: IrqLine; clock: Clock; sink: UartSink }) {
    this.#irq = parts.irq;
    this.#clock = parts.clock;
    this.#sink = parts.sink;
    this.#timeout = parts.clock.timer(() => {
      this.#timedOut = this.#fifo.length > 0;
      this.#updateIrq();
    });
  }

  /** How many bytes {@link receive} takes now. */
  get room(): number {
    return QUEUE_SIZE - this.#queue.length;
  }

  /**
   * Host input for the guest.
   *
   * @returns how many bytes were taken, from the front; offer the rest again later
   */
  receive(bytes: Uint8Array): number {
    const accepted = Math.min(bytes.length, this.room);
    for (let i = 0; i < accepted; i++) this.#queue.push(bytes[i]);
    this.#fill();
    this.#updateIrq();
    return accepted;
  }

  /** @param offset register, 0 to 7 */
  read(offset: number): number {
    const dlab = (this.#lcr & LCR.DLAB) !== 0;
    switch (offset & 7) {
      case REG.DATA:
        return dlab ? this.#divisor & 0xff : this.#readData();
      case REG.IER:
        return dlab ? this.#divisor >> 8 : this.#ier;
      case REG.IIR_FCR:
        return this.#readIir();
      case REG.LCR:
        return this.#lcr;
      case REG.MCR:
        return this.#mcr;
      case REG.LSR:
        return this.#readLsr();
      case REG.MSR:
        return this.#readMsr();
      default:
        return this.#scratch;
    }
  }

  /** @param offset register, 0 to 7 */
  write(offset: number, value: number): void {
    const dlab = (this.#lcr & LCR.DLAB) !== 0;
    switch (offset & 7) {
      case REG.DATA:
        if (dlab) this.#divisor = (this.#divisor & 0xff00) | value;
        else this.#transmit(value);
        break;
      case REG.IER:
        if (dlab) this.#divisor = (this.#divisor & 0xff) | (value << 8);
        else this.#writeIer(value & IER.MASK);
        break;
      case REG.IIR_FCR:
        this.#writeFcr(value);
        break;
      case REG.LCR:
        this.#lcr = value;
        break;
      case REG.MCR:
        this.#writeMcr(value & MCR.MASK);
        break;
      case REG.SCRATCH:
        this.#scratch = value;
        break;
      default: // LSR and MSR are for reading; factory-test writes do nothing.
    }
  }

  save(): UartState {
    return {
      v: 1,
      ier: this.#ier,
      fcr: this.#fcr,
      lcr: this.#lcr,
      mcr: this.#mcr,
      mcrWritten: this.#mcrWritten,
      scratch: this.#scratch,
      divisor: this.#divisor,
      errors: this.#errors,
      modemDeltas: this.#modemDeltas,
      thrEmptyPending: this.#thrEmptyPending,
      timedOut: this.#timedOut,
      fifo: [...this.#fifo],
      queue: [...this.#queue],
      lastReceived: this.#lastReceived,
    };
  }

  restore(state: UartState): void {
    requireVersion('16550A', state, 1);
    this.#ier = state.ier;
    this.#fcr = state.fcr;
    this.#lcr = state.lcr;
    this.#mcr = state.mcr;
    this.#mcrWritten = state.mcrWritten;
    this.#scratch = state.scratch;
    this.#divisor = state.divisor;
    this.#errors = state.errors;
    this.#modemDeltas = state.modemDeltas;
    this.#thrEmptyPending = state.thrEmptyPending;
    this.#timedOut = state.timedOut;
    this.#fifo = [...state.fifo];
    this.#queue = [...state.queue];
    this.#lastReceived = state.lastReceived;
    if (!this.#timedOut) this.#restartTimeout();
    this.#updateIrq();
  }

  get #fifosEnabled(): boolean {
    return (this.#fcr & FCR.ENABLE) !== 0;
  }

  get #loopback(): boolean {
    return (this.#mcr & MCR.LOOP) !== 0;
  }

  get #capacity(): number {
    return this.#fifosEnabled ? FIFO_SIZE : 1;
  }

  get #triggerLevel(): number {
    return this.#fifosEnabled ? TRIGGER_LEVELS[this.#fcr >> FCR.TRIGGER_SHIFT] : 1;
  }

  #readData(): number {
    const byte = this.#fifo.shift() ?? (this.#fifosEnabled ? 0 : this.#lastReceived);
    this.#timedOut = false;
    this.#fill();
    this.#restartTimeout();
    this.#updateIrq();
    return byte;
  }

  #transmit(byte: number): void {
    this.#thrEmptyPending = false;
    this.#updateIrq();
    if (this.#loopback) this.#loopBack(byte);
    else this.#sink.write(byte);
    // Empty again at once: an edge on the interrupt line, as an 8259 in edge mode needs it.
    this.#thrEmptyPending = true;
    this.#updateIrq();
  }

  #loopBack(byte: number): void {
    if (!this.#fifosEnabled) this.#lastReceived = byte;
    if (this.#fifo.length < this.#capacity) this.#fifo.push(byte);
    else {
      this.#errors |= LSR.OVERRUN;
      // Without FIFOs the new character destroys the old one; with them, it is the one lost (8.4, bit 1).
      if (!this.#fifosEnabled) this.#fifo[0] = byte;
    }
    this.#timedOut = false;
    this.#restartTimeout();
  }

  #writeIer(value: number): void {
    // Enabling the transmitter interrupt while the register is empty raises it anew: drivers kick-start sending so.
    if ((value & IER.THR_EMPTY) === 0) this.#thrEmptyPending = false;
    else if ((this.#ier & IER.THR_EMPTY) === 0) this.#thrEmptyPending = true;
    this.#ier = value;
    this.#updateIrq();
  }

  #writeFcr(value: number): void {
    const toggled = ((value ^ this.#fcr) & FCR.ENABLE) !== 0;
    if (toggled || (value & FCR.CLEAR_RECEIVER) !== 0) {
      this.#fifo = [];
      this.#timedOut = false;
    }
    if (toggled || (value & FCR.CLEAR_TRANSMITTER) !== 0) this.#thrEmptyPending = true;
    // Bit 0 must be set for the other bits to be programmed (8.5).
    this.#fcr = (value & FCR.ENABLE) !== 0 ? value & (FCR.ENABLE | (3 << FCR.TRIGGER_SHIFT)) : 0;
    this.#fill();
    this.#restartTimeout();
    this.#updateIrq();
  }

  #writeMcr(value: number): void {
    const before = this.#modemLines();
    this.#mcr = value;
    this.#mcrWritten = true;
    const after = this.#modemLines();
    const changed = before ^ after;
    if (changed & MSR.CTS) this.#modemDeltas |= MSR.DELTA_CTS;
    if (changed & MSR.DSR) this.#modemDeltas |= MSR.DELTA_DSR;
    if (changed & before & MSR.RI) this.#modemDeltas |= MSR.TRAILING_RI;
    if (changed & MSR.DCD) this.#modemDeltas |= MSR.DELTA_DCD;
    this.#fill();
    this.#updateIrq();
  }

  /** Modem inputs: the peer's, or in loopback the guest's own outputs (8.8, bit 4). */
  #modemLines(): number {
    if (!this.#loopback) return PEER_STATUS;
    let lines = 0;
    if (this.#mcr & MCR.RTS) lines |= MSR.CTS;
    if (this.#mcr & MCR.DTR) lines |= MSR.DSR;
    if (this.#mcr & MCR.OUT1) lines |= MSR.RI;
    if (this.#mcr & MCR.OUT2) lines |= MSR.DCD;
    return lines;
  }

  #readLsr(): number {
    const ready = this.#fifo.length > 0 ? LSR.DATA_READY : 0;
    const value = LSR.THR_EMPTY | LSR.TRANSMITTER_EMPTY | this.#errors | ready;
    this.#errors = 0;
    this.#updateIrq();
    return value;
  }

  #readMsr(): number {
    const value = this.#modemLines() | this.#modemDeltas;
    this.#modemDeltas = 0;
    this.#updateIrq();
    return value;
  }

  #readIir(): number {
    const source = this.#interrupt();
    if (source === IIR.THR_EMPTY) {
      this.#thrEmptyPending = false;
      this.#updateIrq();
    }
    return source | (this.#fifosEnabled ? IIR.FIFOS_ENABLED : 0);
  }

  /** The most urgent interrupt that is enabled and pending (table IV). */
  #interrupt(): number {
    if (this.#ier & IER.LINE_STATUS && this.#errors & LSR.ERRORS) return IIR.LINE_STATUS;
    if (this.#ier & IER.RECEIVED) {
      if (this.#fifo.length >= this.#triggerLevel) return IIR.RECEIVED;
      if (this.#timedOut) return IIR.TIMEOUT;
    }
    if (this.#ier & IER.THR_EMPTY && this.#thrEmptyPending) return IIR.THR_EMPTY;
    if (this.#ier & IER.MODEM_STATUS && this.#modemDeltas) return IIR.MODEM_STATUS;
    return IIR.NONE;
  }

  #updateIrq(): void {
    // In loopback the OUT2 pin is forced inactive (8.8, bit 4), and OUT2 opens the PC's interrupt gate.
    const gate = (this.#mcr & (MCR.OUT2 | MCR.LOOP)) === MCR.OUT2;
    this.#irq.set(gate && this.#interrupt() !== IIR.NONE);
  }

  /** Move host input into the FIFO, as far as the guest lets it in. */
  #fill(): void {
    const held = this.#loopback || (this.#mcrWritten && (this.#mcr & MCR.RTS) === 0);
    if (held || this.#queue.length === 0) return;
    const moved = this.#queue.splice(0, this.#capacity - this.#fifo.length);
    if (moved.length === 0) return;
    this.#fifo.push(...moved);
    if (!this.#fifosEnabled) this.#lastReceived = moved[0];
    this.#restartTimeout();
  }

  /** The timeout counts from the last character in or out; there is none without FIFOs. */
  #restartTimeout(): void {
    if (!this.#fifosEnabled || this.#fifo.length === 0) {
      this.#timeout.disarm();
      return;
    }
    const bitNs = (1e9 * Math.max(1, this.#divisor)) / MAX_BAUD;
    this.#timeout.arm(this.#clock.now() + Math.ceil(TIMEOUT_BITS * bitNs));
  }
}
