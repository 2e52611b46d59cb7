/**
 * Codes of failures that belong to the host or to what the user asked for. A guest's own mistake never becomes one.
 *
 * - `usage`: an option, argument or configuration value is wrong.
 * - `image`: a kernel, initramfs or disk image cannot be used as it is.
 * - `not-found`: a file or package that was named is not there.
 * - `host`: the host refused an operation (disk full, no permission, ioctl failed).
 * - `unsupported`: asked for something that this build or host does not have.
 */
export type VizorErrorCode = 'usage' | 'image' | 'not-found' | 'host' | 'unsupported';

/** A {@link VizorError} as plain data. */
export interface VizorErrorData {
  readonly code: VizorErrorCode;
  readonly operation: string;
  readonly problem: string;
  readonly hint: string | undefined;
}

/** What went wrong, in which operation, and what to do about it: one line, fit to be shown as it is. */
export class VizorError extends Error {
  readonly code: VizorErrorCode;
  readonly operation: string;
  readonly hint: string | undefined;
  readonly #problem: string;

  constructor(
    code: VizorErrorCode,
    operation: string,
    problem: string,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    const { hint, cause } = options;
    super(`${operation}: ${problem}${hint === undefined ? '' : ` (${hint})`}`, { cause });
    this.name = 'VizorError';
    this.code = code;
    this.operation = operation;
    this.hint = hint;
    this.#problem = problem;
  }

  /** The error's fields as plain data, to be sent to another thread and made an error again by {@link revive}. */
  toData(): VizorErrorData {
    return { code: this.code, operation: this.operation, problem: this.#problem, hint: this.hint };
  }

  static revive(data: VizorErrorData): VizorError {
    return new VizorError(data.code, data.operation, data.problem, data.hint === undefined ? {} : { hint: data.hint });
  }
}
