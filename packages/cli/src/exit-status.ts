import type { RunResult } from '@vizor/machine';

/** Exit statuses of the command, as `vizor run --help` lists them. */
export const STATUS = Object.freeze({ OK: 0, TIMEOUT: 124, VIZOR_FAILED: 125, GUEST_FAILED: 126 });

/** What ended a run that the guest did not end. */
export type StopCause =
  | { kind: 'keys' }
  | { kind: 'timeout' }
  | { kind: 'no-reader' }
  | { kind: 'signal'; number: number };

const SIGPIPE = 13;

/** An exit status, and, where the reason is worth words, a line that says it. */
export interface Verdict {
  status: number;
  message?: string;
}

/**
 * The command's exit status for a run.
 *
 * @param checksum whether the guest showed the checksum that it was to compute; absent when it was to compute none
 */
export function judge(result: RunResult, cause?: StopCause, checksum?: boolean): Verdict {
  switch (result.reason) {
    case 'poweroff':
      return judgePowerOff(result, checksum);
    case 'reset':
      return { status: STATUS.OK, message: 'the guest asked for a reset, which ends it' };
    case 'command-exit':
      return { status: (result.status ?? 0) & 0xff };
    case 'debug-exit':
      return { status: (((result.status ?? 0) << 1) | 1) & 0xff };
    case 'triple-fault':
      return { status: STATUS.GUEST_FAILED, message: 'the guest triple-faulted: its processor shut down' };
    case 'halted':
      return { status: STATUS.GUEST_FAILED, message: 'the guest halted with interrupts off: nothing can wake it' };
    case 'panic':
      return { status: STATUS.GUEST_FAILED, message: "the guest's kernel panicked" };
    case 'stopped':
      return judgeStop(cause);
  }
}

/** A guest whose init ran has shown its checksum by the time it powers off. */
function judgePowerOff(result: RunResult, checksum: boolean | undefined): Verdict {
  if (checksum !== false || result.bootMs === undefined) return { status: STATUS.OK };
  return { status: STATUS.GUEST_FAILED, message: 'the guest got the checksum of /vizor/probe wrong' };
}

function judgeStop(cause: StopCause | undefined): Verdict {
  switch (cause?.kind) {
    case 'timeout':
      return { status: STATUS.TIMEOUT, message: 'the guest did not end in the time that --timeout gives it' };
    case 'signal':
      return { status: 128 + cause.number };
    case 'no-reader':
      return { status: 128 + SIGPIPE };
    default:
      return { status: STATUS.OK };
  }
}
