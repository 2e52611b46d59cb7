/** The part of a terminal's input stream that raw mode needs. */
export interface TerminalInput {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

/**
 * Raw mode for as long as it is held: every key reaches the guest. Given back when disposed of, and, should the process
 * end without that (an exception, a signal that ends in `process.exit`), on its way out.
 */
export class RawTerminal implements Disposable {
  readonly #input: TerminalInput;
  readonly #restore = (): void => this.#set(false);
  // A shell that stopped us has put its own mode back.
  readonly #resume = (): void => this.#set(true);

  constructor(input: TerminalInput) {
    this.#input = input;
    this.#set(true);
    process.on('exit', this.#restore);
    process.on('SIGCONT', this.#resume);
  }

  #set(raw: boolean): void {
    if (this.#input.isTTY) this.#input.setRawMode?.(raw);
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#restore);
    process.off('SIGCONT', this.#resume);
    this.#restore();
  }
}
