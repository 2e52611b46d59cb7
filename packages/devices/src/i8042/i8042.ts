/**
 * Intel 8042 keyboard controller with nothing plugged in: enough for its self tests, for the A20 gate, and for the
 * oldest way to restart a PC, pulsing output line 0 (IBM PC/AT Technical Reference, "Keyboard Controller").
 *
 * Answers are there at once and interrupts are never raised. The auxiliary port fails its loop and interface tests, so
 * that a mouse driver gives up without waiting. Not modelled: scan codes, the mouse, password commands, the RAM
 * beyond the command byte.
 *
 * What a guest may abuse: it can restart itself and move its own A20 line.
 */
import type { Saved } from '@vizor/core';
import { requireVersion } from '../saved.ts';

/** Status register, port 0x64. */
const STATUS = Object.freeze({ OUTPUT_FULL: 0x01, SYSTEM: 0x04, COMMAND: 0x08, UNLOCKED: 0x10 });

const COMMAND = Object.freeze({
  READ_COMMAND_BYTE: 0x20,
  WRITE_COMMAND_BYTE: 0x60,
  DISABLE_AUX: 0xa7,
  ENABLE_AUX: 0xa8,
  TEST_AUX: 0xa9,
  SELF_TEST: 0xaa,
  TEST_KEYBOARD: 0xab,
  DISABLE_KEYBOARD: 0xad,
  ENABLE_KEYBOARD: 0xae,
  READ_INPUT_PORT: 0xc0,
  READ_OUTPUT_PORT: 0xd0,
  WRITE_OUTPUT_PORT: 0xd1,
  WRITE_KEYBOARD_BUFFER: 0xd2,
  WRITE_AUX_BUFFER: 0xd3,
  A20_OFF: 0xdd,
  A20_ON: 0xdf,
  /** 0xf0 to 0xff pulse the output lines whose bit is clear. */
  PULSE: 0xf0,
});

/** Command byte: system flag and the two disable bits are what software looks at. */
const BYTE = Object.freeze({ SYSTEM: 0x04, KEYBOARD_OFF: 0x10, AUX_OFF: 0x20 });

/** Output port: line 0 low resets the processor, line 1 is A20. */
const OUTPUT = Object.freeze({ NOT_RESET: 0x01, A20: 0x02 });

const SELF_TEST_PASSED = 0x55;
const INTERFACE_GOOD = 0x00;
const AUX_CLOCK_STUCK_LOW = 0x01;
/** Keyboard not locked, no manufacturing jumper. */
const INPUT_PORT = 0xa0;

/** Commands that take a byte through port 0x60. */
const TAKES_DATA: readonly number[] = [
  COMMAND.WRITE_COMMAND_BYTE,
  COMMAND.WRITE_OUTPUT_PORT,
  COMMAND.WRITE_KEYBOARD_BUFFER,
  COMMAND.WRITE_AUX_BUFFER,
];

export interface I8042Events {
  reset(): void;
  a20(enabled: boolean): void;
}

export interface I8042State {
  v: 1;
  commandByte: number;
  outputPort: number;
  /** Byte that waits at port 0x60, or -1. */
  output: number;
  lastOutput: number;
  /** Command that waits for its data byte, or 0. */
  pending: number;
  lastWriteWasCommand: boolean;
}

export class I8042 implements Saved<I8042State> {
  readonly #events: I8042Events;
  #commandByte: number = BYTE.SYSTEM | BYTE.AUX_OFF;
  #outputPort: number = OUTPUT.NOT_RESET | OUTPUT.A20;
  #output = -1;
  #lastOutput = 0;
  #pending = 0;
  #lastWriteWasCommand = false;

  constructor(events: I8042Events) {
    this.#events = events;
  }

  /** Port 0x60. Read when empty, it repeats the last byte. */
  readData(): number {
    if (this.#output >= 0) this.#lastOutput = this.#output;
    this.#output = -1;
    return this.#lastOutput;
  }

  /** Port 0x64. */
  readStatus(): number {
    return (
      STATUS.UNLOCKED |
      (this.#output >= 0 ? STATUS.OUTPUT_FULL : 0) |
      (this.#commandByte & BYTE.SYSTEM ? STATUS.SYSTEM : 0) |
      (this.#lastWriteWasCommand ? STATUS.COMMAND : 0)
    );
  }

  /** Port 0x60: data of a command, or a byte for the keyboard that is not there. */
  writeData(value: number): void {
    this.#lastWriteWasCommand = false;
    const command = this.#pending;
    this.#pending = 0;
    if (command === COMMAND.WRITE_COMMAND_BYTE) this.#commandByte = value;
    else if (command === COMMAND.WRITE_OUTPUT_PORT) this.#writeOutputPort(value);
    else if (command === COMMAND.WRITE_KEYBOARD_BUFFER || command === COMMAND.WRITE_AUX_BUFFER) this.#output = value;
  }

  /** Port 0x64. */
  writeCommand(value: number): void {
    this.#lastWriteWasCommand = true;
    this.#pending = TAKES_DATA.includes(value) ? value : 0;
    if (value >= COMMAND.PULSE) {
      if ((value & OUTPUT.NOT_RESET) === 0) this.#events.reset();
    } else this.#execute(value);
  }

  save(): I8042State {
    return {
      v: 1,
      commandByte: this.#commandByte,
      outputPort: this.#outputPort,
      output: this.#output,
      lastOutput: this.#lastOutput,
      pending: this.#pending,
      lastWriteWasCommand: this.#lastWriteWasCommand,
    };
  }

  /** The A20 line itself belongs to the machine. */
  restore(state: I8042State): void {
    requireVersion('8042', state, 1);
    this.#commandByte = state.commandByte;
    this.#outputPort = state.outputPort;
    this.#output = state.output;
    this.#lastOutput = state.lastOutput;
    this.#pending = state.pending;
    this.#lastWriteWasCommand = state.lastWriteWasCommand;
  }

  #execute(command: number): void {
    switch (command) {
      case COMMAND.READ_COMMAND_BYTE:
        this.#output = this.#commandByte;
        break;
      case COMMAND.DISABLE_AUX:
        this.#commandByte |= BYTE.AUX_OFF;
        break;
      case COMMAND.ENABLE_AUX:
        this.#commandByte &= ~BYTE.AUX_OFF;
        break;
      case COMMAND.TEST_AUX:
        this.#output = AUX_CLOCK_STUCK_LOW;
        break;
      case COMMAND.SELF_TEST:
        this.#commandByte |= BYTE.SYSTEM;
        this.#output = SELF_TEST_PASSED;
        break;
      case COMMAND.TEST_KEYBOARD:
        this.#output = INTERFACE_GOOD;
        break;
      case COMMAND.DISABLE_KEYBOARD:
        this.#commandByte |= BYTE.KEYBOARD_OFF;
        break;
      case COMMAND.ENABLE_KEYBOARD:
        this.#commandByte &= ~BYTE.KEYBOARD_OFF;
        break;
      case COMMAND.READ_INPUT_PORT:
        this.#output = INPUT_PORT;
        break;
      case COMMAND.READ_OUTPUT_PORT:
        this.#output = this.#outputPort;
        break;
      case COMMAND.A20_OFF:
      case COMMAND.A20_ON:
        this.#setA20(command === COMMAND.A20_ON);
    }
  }

  #writeOutputPort(value: number): void {
    this.#setA20((value & OUTPUT.A20) !== 0);
    if ((value & OUTPUT.NOT_RESET) === 0) this.#events.reset();
  }

  #setA20(enabled: boolean): void {
    this.#outputPort = OUTPUT.NOT_RESET | (enabled ? OUTPUT.A20 : 0);
    this.#events.a20(enabled);
  }
}
