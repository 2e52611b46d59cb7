/** What a reporter writes to: stderr, or a stand-in. */
export interface ReportSink {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Vizor's own voice on stderr: a line a step, and, on a terminal only, a line of progress that is overwritten. */
export class Reporter {
  readonly #sink: ReportSink;
  readonly #quiet: boolean;
  #showsProgress = false;

  constructor(sink: ReportSink, quiet = false) {
    this.#sink = sink;
    this.#quiet = quiet;
  }

  /** Will {@link progress} be seen? */
  get hasProgress(): boolean {
    return this.#sink.isTTY === true && !this.#quiet;
  }

  /** One line that stays, unless `--quiet`. */
  say(text: string): void {
    if (!this.#quiet) this.#line(text);
  }

  /** One line that stays, whatever was asked: something went wrong. */
  warn(text: string): void {
    this.#line(text);
  }

  progress(text: string): void {
    if (!this.hasProgress) return;
    this.#sink.write(`\r\x1b[K${text}`);
    this.#showsProgress = true;
  }

  #line(text: string): void {
    if (this.#showsProgress) this.#sink.write('\r\x1b[K');
    this.#showsProgress = false;
    this.#sink.write(`vizor: ${text}\n`);
  }
}
