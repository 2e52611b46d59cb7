import { loadKernel } from '@vizor/loader';
import { GuestMemory } from '@vizor/memory';
import { Board } from './board.ts';
import { enterKernel } from './boot.ts';
import { ByteBatch } from './byte-batch.ts';
import { HostClock } from './clock.ts';
import type { Mailbox } from './mailbox.ts';
import type { MachineOptions } from './options.ts';
import { PanicWatch } from './panic-watch.ts';
import type { ExitReason, RunResult } from './result.ts';

/** Guest instructions between two looks at timers and the mailbox: well under a millisecond. */
const SLICE = 40_000;
/** Longest sleep of a halted guest, should a wake-up ever be missed. */
const SLEEP_MAX_MS = 1000;
/** Bytes of console output that may wait for a reader; a guest that sends more is held back. */
const UNREAD_MAX = 2 ** 20;
/** How often a machine that is held back looks again. */
const HELD_BACK_MS = 5;

/** Where a machine's output goes. */
export interface MachineOutput {
  /** What the serial port sends, in order. */
  serial(bytes: Uint8Array<ArrayBuffer>): void;
  /** What the guest writes to the debug console, port 0xe9. */
  debug?(bytes: Uint8Array<ArrayBuffer>): void;
}

/** A machine as its worker has it: it runs on the calling thread and never awaits while it does. */
export class Machine {
  readonly board: Board;
  readonly #clock = new HostClock();
  readonly #mailbox: Mailbox;
  readonly #serial: ByteBatch;
  readonly #debug: ByteBatch;
  readonly #panic = new PanicWatch();
  #ending: { reason: ExitReason; status?: number } | undefined;
  #bootMs: number | undefined;
  #startedMs = 0;

  private constructor(memory: GuestMemory, mailbox: Mailbox, output: MachineOutput) {
    this.#mailbox = mailbox;
    this.#serial = new ByteBatch((bytes) => this.#send(bytes, output));
    this.#debug = new ByteBatch((bytes) => output.debug?.(bytes));
    this.board = new Board(memory, this.#clock, {
      serial: (byte) => {
        this.#panic.write(byte);
        this.#serial.write(byte);
      },
      debug: (byte) => this.#debug.write(byte),
      powerOff: () => this.#end({ reason: 'poweroff' }),
      reset: () => this.#end({ reason: 'reset' }),
      debugExit: (status) => this.#end({ reason: 'debug-exit', status }),
      commandStatus: (status) => this.#end({ reason: 'command-exit', status }),
      userspace: () => {
        this.#bootMs ??= performance.now() - this.#startedMs;
      },
    });
  }

  /**
   * Make a machine and load its kernel.
   *
   * @throws VizorError when the options or the images cannot make a machine
   */
  static async create(options: MachineOptions, mailbox: Mailbox, output: MachineOutput): Promise<Machine> {
    const memory = new GuestMemory(options.memory);
    const boot = await loadKernel(memory, options);
    const machine = new Machine(memory, mailbox, output);
    enterKernel(machine.board.vcpu, boot);
    machine.board.vcpu.jit = options.jit ?? 'on';
    return machine;
  }

  /** Run until the guest ends or somebody stops it. */
  run(): RunResult {
    this.#startedMs = performance.now();
    this.#clock.set(0);
    const cpu = process.threadCpuUsage();
    while (this.#ending === undefined) this.#slice();
    this.#flush();
    const used = process.threadCpuUsage(cpu);
    const jit = this.board.vcpu.jitStatistics;
    const ending =
      this.#panic.seen && ['reset', 'halted', 'triple-fault'].includes(this.#ending.reason)
        ? { reason: 'panic' as const }
        : this.#ending;
    return {
      ...ending,
      instructions: this.board.vcpu.instructions,
      ...(this.#bootMs === undefined ? {} : { bootMs: this.#bootMs }),
      seconds: (performance.now() - this.#startedMs) / 1000,
      cpuSeconds: (used.user + used.system) / 1e6,
      exits: this.board.vcpu.counters(),
      ...(jit === undefined ? {} : { jit }),
      accelerator: 'wasm',
    };
  }

  #slice(): void {
    this.#clock.poll();
    if (this.#mailbox.takeAttention()) this.#attend();
    if (this.#ending !== undefined) return;
    this.board.vcpu.attend();
    switch (this.board.vcpu.run(SLICE)) {
      case 'halt':
        this.#flush();
        this.#sleep();
        break;
      case 'halt-forever':
        this.#end({ reason: 'halted' });
        break;
      case 'shutdown':
        this.#end({ reason: 'triple-fault' });
        break;
      case 'slice':
      case 'stop':
        break;
    }
  }

  /** Something was posted: a wish to stop, or console input. */
  #attend(): void {
    if (this.#mailbox.stopRequested) this.#end({ reason: 'stopped' });
    this.#receive();
  }

  /** Move console input to the serial port as far as that has room. */
  #receive(): void {
    const room = this.board.serial.room;
    if (room > 0) this.board.serial.receive(this.#mailbox.takeInput(room));
  }

  /** HLT: sleep until the next timer or message. */
  #sleep(): void {
    const next = Math.min(this.#clock.next(), this.board.vcpu.nextTimer());
    const ms = (next - this.#clock.now()) / 1e6;
    if (ms > 0) this.#mailbox.sleep(Math.min(ms, SLEEP_MAX_MS));
  }

  #flush(): void {
    this.#serial.flush();
    this.#debug.flush();
  }

  /** Hand out console output, and wait while too much of it is unread: as a slow terminal holds a program back. */
  #send(bytes: Uint8Array<ArrayBuffer>, output: MachineOutput): void {
    output.serial(bytes);
    this.#mailbox.sent(bytes.length);
    while (this.#mailbox.unread > UNREAD_MAX && !this.#mailbox.stopRequested) this.#mailbox.sleep(HELD_BACK_MS);
  }

  #end(ending: { reason: ExitReason; status?: number }): void {
    this.#ending ??= ending;
    this.board.vcpu.stop();
  }
}
