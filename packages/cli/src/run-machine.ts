import { constants } from 'node:os';
import type { RunResult, VM } from '@vizor/machine';
import type { ChecksumWatch } from './checksum-watch.ts';
import { ESCAPE_HELP, EscapeKeys } from './escape-keys.ts';
import type { StopCause } from './exit-status.ts';
import type { RunOptions } from './options/run.ts';
import type { Reporter } from './reporter.ts';
import type { SerialSink } from './serial-sink.ts';
import { RawTerminal, type TerminalInput } from './terminal.ts';

/** The part of a {@link VM} that a run needs. */
export type Machine = Pick<VM, 'console' | 'run' | 'stop'>;

/** What the user types, or pipes in. */
export interface UserInput extends TerminalInput {
  on(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  off(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  pause(): unknown;
}

export interface RunIo {
  /** Leads to the guest's serial port; absent when that is not on the terminal. */
  input?: UserInput;
  sink: SerialSink;
  /** Sees what the sink gets. */
  watch?: ChecksumWatch;
  reporter: Reporter;
}

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A terminal signals its whole process group, and a launcher passes signals on: only a later one is a second one. */
const SECOND_SIGNAL_MS = 1000;

/** Ends a machine once, and remembers why. */
class Stopper {
  readonly #machine: Machine;
  #cause: StopCause | undefined;
  #since = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  get cause(): StopCause | undefined {
    return this.#cause;
  }

  stop(cause: StopCause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#since = performance.now();
    this.#machine.stop();
  }

  /** A signal asks the machine to end; when it does not, the next one ends the process. */
  signal(name: (typeof ENDING_SIGNALS)[number]): void {
    const number = constants.signals[name];
    if (this.#cause !== undefined && performance.now() - this.#since > SECOND_SIGNAL_MS) process.exit(128 + number);
    this.stop({ kind: 'signal', number });
  }
}

/** Lead input to the guest until the returned value is disposed of; on a terminal, raw and with Vizor's own keys. */
function connectInput(input: UserInput, machine: Machine, stopper: Stopper, reporter: Reporter): Disposable {
  const keys = new EscapeKeys();
  const raw = new RawTerminal(input);
  const listener = (bytes: Uint8Array): void => {
    if (!input.isTTY) {
      machine.console.write(bytes);
      return;
    }
    const { forGuest, actions } = keys.feed(bytes);
    if (forGuest.length > 0) machine.console.write(forGuest);
    for (const action of actions) {
      if (action === 'end') stopper.stop({ kind: 'keys' });
      else for (const line of ESCAPE_HELP) reporter.warn(line);
    }
  };
  input.on('data', listener);
  return {
    [Symbol.dispose]() {
      input.off('data', listener);
      input.pause();
      raw[Symbol.dispose]();
    },
  };
}

function connectSignals(stopper: Stopper): Disposable {
  const listener = (name: NodeJS.Signals): void => stopper.signal(name as (typeof ENDING_SIGNALS)[number]);
  for (const name of ENDING_SIGNALS) process.on(name, listener);
  return {
    [Symbol.dispose]() {
      for (const name of ENDING_SIGNALS) process.off(name, listener);
    },
  };
}

/** Lead the guest's console to the sink until it closes. What goes wrong with the sink ends the machine. */
async function pump(machine: Machine, { sink, watch }: RunIo, stopper: Stopper): Promise<void> {
  try {
    for await (const bytes of machine.console.output) {
      watch?.feed(bytes);
      if (!(await sink.write(bytes))) {
        stopper.stop({ kind: 'no-reader' });
        return;
      }
    }
  } catch (error) {
    stopper.stop({ kind: 'no-reader' });
    throw error;
  }
}

/**
 * Run a machine to its end, its console connected, and tell what ended it when the guest did not.
 *
 * @throws VizorError `host` when the console's output cannot be written
 */
export async function runMachine(
  machine: Machine,
  options: Pick<RunOptions, 'timeout'>,
  io: RunIo,
): Promise<{ result: RunResult; cause?: StopCause }> {
  const stopper = new Stopper(machine);
  using _signals = connectSignals(stopper);
  using _input = io.input && connectInput(io.input, machine, stopper, io.reporter);
  const { timeout } = options;
  const timer = timeout === undefined ? undefined : setTimeout(() => stopper.stop({ kind: 'timeout' }), timeout * 1000);
  try {
    const pumping = pump(machine, io, stopper);
    // Awaited below; until then a failure must not count as unhandled.
    pumping.catch(() => {});
    const result = await machine.run();
    await pumping;
    return stopper.cause === undefined ? { result } : { result, cause: stopper.cause };
  } finally {
    clearTimeout(timer);
  }
}
