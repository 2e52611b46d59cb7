import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { ExitReason, RunResult } from '@vizor/machine';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChecksumWatch } from '../src/checksum-watch.ts';
import { EscapeKeys } from '../src/escape-keys.ts';
import { judge } from '../src/exit-status.ts';
import { Reporter } from '../src/reporter.ts';
import { type Machine, runMachine, type UserInput } from '../src/run-machine.ts';
import { openSerialSink } from '../src/serial-sink.ts';
import { reportRun, summarize } from '../src/summary.ts';

/** A result as a machine gives it. */
function resultOf(reason: ExitReason, more: Partial<RunResult> = {}): RunResult {
  const figures = { instructions: 3_000_000, seconds: 2, cpuSeconds: 1.5, exits: { pio: 2 } };
  return { reason, ...figures, accelerator: 'wasm', bootMs: 1234, ...more };
}

/** A machine that says what it is told to and ends when `end` is called or somebody stops it. */
class FakeMachine implements Machine {
  readonly received: number[] = [];
  readonly #ended = Promise.withResolvers<RunResult>();
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  readonly console = {
    output: new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        this.#controller = controller;
      },
    }),
    write: (bytes: Uint8Array): void => {
      this.received.push(...bytes);
    },
  };

  say(text: string): void {
    this.#controller?.enqueue(Buffer.from(text));
  }

  end(reason: ExitReason): void {
    try {
      this.#controller?.close();
    } catch {
      // Cancelled by a reader that has gone.
    }
    this.#ended.resolve(resultOf(reason));
  }

  stop(): void {
    this.end('stopped');
  }

  run(): Promise<RunResult> {
    return this.#ended.promise;
  }
}

class FakeTerminal extends EventEmitter implements UserInput {
  readonly isTTY: boolean;
  raw: boolean[] = [];

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  setRawMode(raw: boolean): void {
    this.raw.push(raw);
  }

  pause(): void {}
}

/** A stand-in for stdout that keeps what it gets, or fails with an error code from the start. */
function capture(failure?: string): { stream: Writable; text: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done(failure === undefined ? null : Object.assign(new Error(failure), { code: failure }));
    },
  });
  return { stream, text: () => text };
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vizor-run-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const silent = new Reporter({ write() {} });

test('the console goes to the sink, and what is typed to the guest', async () => {
  const machine = new FakeMachine();
  const input = new FakeTerminal(true);
  const { stream, text } = capture();
  await using sink = await openSerialSink({ kind: 'stdio' }, stream);
  const running = runMachine(machine, {}, { input, sink, reporter: silent });
  machine.say('hello\r\n');
  input.emit('data', Buffer.from('ls\x01'));
  input.emit('data', Buffer.from('\x01\x03'));
  machine.say('$ ');
  machine.end('poweroff');
  expect(await running).toEqual({ result: resultOf('poweroff') });
  expect(text()).toBe('hello\r\n$ ');
  expect(sink.atLineStart).toBe(false);
  expect(Buffer.from(machine.received).toString()).toBe('ls\x01\x03');
  expect(input.raw).toEqual([true, false]);
  expect(input.listenerCount('data')).toBe(0);
});

test('Ctrl-A x ends the machine, Ctrl-A h lists the keys', async () => {
  const machine = new FakeMachine();
  const input = new FakeTerminal(true);
  let said = '';
  const reporter = new Reporter({ write: (text: string) => (said += text) }, true);
  await using sink = await openSerialSink({ kind: 'null' }, process.stdout);
  const running = runMachine(machine, {}, { input, sink, reporter });
  input.emit('data', Buffer.from('\x01h'));
  expect(said).toContain('Ctrl-A x');
  input.emit('data', Buffer.from('\x01x'));
  const { result, cause } = await running;
  expect(judge(result, cause)).toEqual({ status: 0 });
  expect(machine.received).toEqual([]);
});

test('input that is no terminal has no keys of its own and stays as it is', async () => {
  const machine = new FakeMachine();
  const input = new FakeTerminal(false);
  await using sink = await openSerialSink({ kind: 'null' }, process.stdout);
  const running = runMachine(machine, {}, { input, sink, reporter: silent });
  input.emit('data', Buffer.from('\x01x'));
  machine.end('poweroff');
  await running;
  expect(machine.received).toEqual([1, 0x78]);
  expect(input.raw).toEqual([]);
});

test('the timeout, a signal and a reader that goes away end the machine with their statuses', async () => {
  await using sink = await openSerialSink({ kind: 'null' }, process.stdout);
  const slow = await runMachine(new FakeMachine(), { timeout: 0.01 }, { sink, reporter: silent });
  expect(judge(slow.result, slow.cause)).toMatchObject({ status: 124, message: expect.stringContaining('--timeout') });

  const running = runMachine(new FakeMachine(), {}, { sink, reporter: silent });
  process.emit('SIGTERM', 'SIGTERM');
  const signalled = await running;
  expect(judge(signalled.result, signalled.cause)).toEqual({ status: 143 });
  expect(process.listenerCount('SIGTERM')).toBe(0);

  const machine = new FakeMachine();
  machine.say('to nobody');
  await using gone = await openSerialSink({ kind: 'stdio' }, capture('EPIPE').stream);
  const unread = await runMachine(machine, {}, { sink: gone, reporter: silent });
  expect(judge(unread.result, unread.cause)).toEqual({ status: 141 });
});

test('a serial file gets the console; one that cannot be written is told', async () => {
  const path = join(folder, 'serial.log');
  const machine = new FakeMachine();
  machine.say('boot\n');
  {
    await using sink = await openSerialSink({ kind: 'file', path }, process.stdout);
    machine.end('poweroff');
    await runMachine(machine, {}, { sink, reporter: silent });
  }
  expect(readFileSync(path, 'utf8')).toBe('boot\n');
  const missing = openSerialSink({ kind: 'file', path: join(folder, 'no/such') }, process.stdout);
  await expect(missing).rejects.toMatchObject({
    code: 'host',
    message: expect.stringMatching(/^--serial .*: no such file$/),
  });

  const full = new FakeMachine();
  full.say('x');
  await using sink = await openSerialSink({ kind: 'stdio' }, capture('ENOSPC').stream);
  const failing = runMachine(full, {}, { sink, reporter: silent });
  await expect(failing).rejects.toMatchObject({
    code: 'host',
    message: 'standard output: no space left on the device',
  });
});

test.each([
  [resultOf('poweroff'), 0, undefined],
  [resultOf('reset'), 0, /reset/],
  [resultOf('command-exit', { status: 7 }), 7, undefined],
  [resultOf('debug-exit', { status: 0 }), 1, undefined],
  [resultOf('debug-exit', { status: 0x31 }), 0x63, undefined],
  [resultOf('triple-fault'), 126, /triple-faulted/],
  [resultOf('halted'), 126, /interrupts off/],
  [resultOf('panic'), 126, /panicked/],
])('%j ends with status %d', (result, status, message) => {
  const verdict = judge(result);
  expect(verdict.status).toBe(status);
  expect(verdict.message ?? '').toMatch(message ?? /^$/);
});

test('a guest that computes a wrong checksum has failed, one that never came to it has not', () => {
  expect(judge(resultOf('poweroff'), undefined, true)).toEqual({ status: 0 });
  expect(judge(resultOf('poweroff'), undefined, false)).toMatchObject({ status: 126 });
  const { bootMs: _, ...early } = resultOf('poweroff');
  expect(judge(early, undefined, false)).toEqual({ status: 0 });
});

test('the summary and the report say what was measured', () => {
  expect(summarize(resultOf('poweroff'))).toBe('wasm · userspace after 1.2 s · 3 M instructions · 2 MIPS');
  const { bootMs: _, ...early } = resultOf('panic', { cpuSeconds: 0 });
  expect(summarize(early)).toBe('wasm · userspace not reached · 3 M instructions · 0 MIPS');
  expect(reportRun(resultOf('command-exit', { status: 3 }), 3, 'cloud')).toEqual({
    status: 3,
    reason: 'command-exit',
    guestStatus: 3,
    guest: 'cloud',
    accelerator: 'wasm',
    bootMs: 1234,
    instructions: 3_000_000,
    mips: 2,
    seconds: 2,
    cpuSeconds: 1.5,
    exits: { pio: 2 },
  });
});

test('whatever way typed bytes are cut into chunks, guest and actions get the same', () => {
  const typed = fc.array(fc.constantFrom(1, 0x61, 0x78, 0x68, 0x3f, 0x0d, 0x62), { maxLength: 30 });
  fc.assert(
    fc.property(typed, fc.nat({ max: 30 }), (bytes, cut) => {
      const feed = (chunks: number[][]): unknown => {
        const keys = new EscapeKeys();
        const parts = chunks.map((chunk) => keys.feed(Uint8Array.from(chunk)));
        return [parts.flatMap((part) => [...part.forGuest]), parts.flatMap((part) => part.actions)];
      };
      expect(feed([bytes.slice(0, cut), bytes.slice(cut)])).toEqual(feed([bytes]));
    }),
  );
});

test('a checksum is seen whatever way the output is cut into chunks, and only then', () => {
  const output = 'noise 0123456789abcdef  /vizor/probe\r\n';
  fc.assert(
    fc.property(fc.array(fc.nat({ max: output.length }), { maxLength: 6 }), (cuts) => {
      const watch = new ChecksumWatch('0123456789abcdef');
      const sorted = [0, ...cuts, output.length].sort((a, b) => a - b);
      for (const [index, cut] of sorted.entries()) watch.feed(Buffer.from(output.slice(sorted[index - 1] ?? 0, cut)));
      expect(watch.seen).toBe(true);
    }),
  );
  const watch = new ChecksumWatch('0123456789abcdef');
  watch.feed(Buffer.from('0123456789abcde'));
  watch.feed(Buffer.from('x0123456789abcde'));
  expect(watch.seen).toBe(false);
});

test('progress shows on terminals only, and lines replace it', () => {
  let plain = '';
  const pipe = new Reporter({ write: (text: string) => (plain += text) });
  pipe.progress('50 %');
  pipe.say('done');
  expect(plain).toBe('vizor: done\n');
  let shown = '';
  const terminal = new Reporter({ isTTY: true, write: (text: string) => (shown += text) });
  terminal.progress('50 %');
  terminal.say('done');
  expect(shown).toBe('\r\x1b[K50 %\r\x1b[Kvizor: done\n');
});

function hasScript(): boolean {
  try {
    execFileSync('script', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasScript()).each(['dispose', 'throw', 'exit', 'SIGTERM'])(
  'a real terminal is given back after %s (skipped where there is no script)',
  (way) => {
    const fixture = join(import.meta.dirname, 'fixtures/raw-terminal.ts');
    const files = [join(folder, 'before'), join(folder, 'during'), join(folder, 'after')];
    const [before = '', during = '', after = ''] = files;
    const command = `stty -a >${before}; '${process.execPath}' '${fixture}' ${way} ${during}; stty -a >${after}`;
    execFileSync('script', ['-qec', command, '/dev/null'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [stateBefore, stateDuring, stateAfter] = files.map((file) => readFileSync(file, 'utf8'));
    expect(stateDuring).toContain('-icanon');
    expect(stateAfter).toBe(stateBefore);
  },
);
