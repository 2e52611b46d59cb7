import { cpus } from 'node:os';
import koffi from 'koffi';
import {
  CODE,
  CODE_SIZE,
  HANDLER,
  HLT,
  REGION_BASES,
  REGION_SIZE,
  SIGNAL_STACK,
  SIGNAL_STACK_SIZE,
  STATE_IN,
  STATE_OUT,
  STUB,
  WINDOW,
  WINDOW_SIZE,
} from './region.ts';
import { NO_VECTOR, State } from './state.ts';
import { assembleHandler, assembleStub, CHAIN, ENTRY, type Stub, USER_CS32, USER_CS64 } from './stub.ts';
import type { Vendor } from './undefined.ts';

/** Why this host is no oracle, or undefined where it is one. VIZOR_ORACLE=any takes a host that is not AMD's, too. */
export function reasonHostCannot(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x86-64';
  if (hostVendor() === 'AMD' || process.env.VIZOR_ORACLE === 'any') return undefined;
  return "needs an AMD processor, as ours follows AMD where processors differ (VIZOR_ORACLE=any takes this host's)";
}

export function hostVendor(): Vendor {
  return /AMD/.test(cpus()[0]?.model ?? '') ? 'AMD' : 'other';
}

const PROT_READ_WRITE_EXEC = 7;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FIXED_NOREPLACE = 0x100000;

/** What the processor's exceptions become in Linux. */
const SIGNALS = Object.freeze({ SIGILL: 4, SIGTRAP: 5, SIGBUS: 7, SIGFPE: 8, SIGSEGV: 11 });
const SIGACTION_SIZE = 152;
const SIGACTION_FLAGS = 136;
const SA_SIGINFO = 4;
const SA_ONSTACK = 0x08000000;
const STACK_T_SIZE = 24;

interface Libc {
  mmap(address: number, length: number, protection: number, flags: number, fd: number, offset: number): number;
  munmap(address: number, length: number): number;
  sigaction(signal: number, action: Uint8Array | null, old: Uint8Array | null): number;
  sigaltstack(stack: Uint8Array | null, old: Uint8Array | null): number;
}

function loadLibc(): Libc {
  const lib = koffi.load(null);
  return {
    mmap: lib.func('intptr_t mmap(intptr_t, size_t, int, int, int, long)'),
    munmap: lib.func('int munmap(intptr_t, size_t)'),
    sigaction: lib.func('int sigaction(int, void *, _Out_ void *)'),
    sigaltstack: lib.func('int sigaltstack(void *, _Out_ void *)'),
  };
}

const PROTOTYPE = koffi.proto('void DifferentialStub()');

/**
 * The host's processor as an oracle: runs one instruction on a given state in 64-bit mode or 32-bit compatibility mode,
 * in this very process. Exceptions come back as vectors; instructions must only touch memory of the region.
 */
export class HostCpu {
  readonly base: number;
  readonly input: State;
  readonly output: State;
  /** The window that memory operands and the stack lie in. */
  readonly window: Uint8Array;
  readonly code: Uint8Array;
  readonly #libc = loadLibc();
  readonly #stub: Stub;
  readonly #view: DataView;
  readonly #oldActions = new Map<number, Uint8Array>();
  readonly #oldStack = new Uint8Array(STACK_T_SIZE);

  constructor() {
    this.base = this.#map();
    const region = koffi.view(BigInt(this.base), REGION_SIZE);
    const bytes = new Uint8Array(region);
    this.#view = new DataView(region);
    this.input = new State(region, STATE_IN);
    this.output = new State(region, STATE_OUT);
    this.window = bytes.subarray(WINDOW, WINDOW + WINDOW_SIZE);
    this.code = bytes.subarray(CODE, CODE + CODE_SIZE);
    this.code.fill(HLT);
    this.#stub = assembleStub(this.base);
    bytes.set(this.#stub.bytes, STUB);
    bytes.set(assembleHandler(this.base, this.#stub.exit), HANDLER);
    this.#takeSignals();
  }

  #map(): number {
    for (const base of REGION_BASES) {
      const flags = MAP_PRIVATE_ANONYMOUS | MAP_FIXED_NOREPLACE;
      if (Number(this.#libc.mmap(base, REGION_SIZE, PROT_READ_WRITE_EXEC, flags, -1, 0)) === base) return base;
    }
    throw new Error('differential tests: no free address space below 1 GiB');
  }

  #takeSignals(): void {
    const stack = new Uint8Array(STACK_T_SIZE);
    const stackView = new DataView(stack.buffer);
    stackView.setBigUint64(0, BigInt(this.base + SIGNAL_STACK), true);
    stackView.setBigUint64(16, BigInt(SIGNAL_STACK_SIZE), true);
    this.#libc.sigaltstack(stack, this.#oldStack);
    const action = new Uint8Array(SIGACTION_SIZE);
    const actionView = new DataView(action.buffer);
    actionView.setBigUint64(0, BigInt(this.base + HANDLER), true);
    actionView.setUint32(SIGACTION_FLAGS, SA_SIGINFO | SA_ONSTACK, true);
    for (const signal of Object.values(SIGNALS)) {
      const old = new Uint8Array(SIGACTION_SIZE);
      this.#libc.sigaction(signal, action, old);
      this.#oldActions.set(signal, old);
      this.#view.setBigUint64(CHAIN + signal * 8, new DataView(old.buffer).getBigUint64(0, true), true);
    }
  }

  /** Give signals back to who had them, and the address space to the process. */
  dispose(): void {
    for (const [signal, old] of this.#oldActions) this.#libc.sigaction(signal, old, null);
    this.#libc.sigaltstack(this.#oldStack, null);
    this.#libc.munmap(this.base, REGION_SIZE);
  }

  /** Write `instruction` to `offset` in the code, followed by the way out unless where it goes on is to be told by a fault. */
  place(offset: number, instruction: Uint8Array, wide: boolean, branches: boolean): void {
    this.code.set(instruction, offset);
    if (branches) return;
    const at = offset + instruction.length;
    const target = this.base + this.#stub.exit;
    if (wide) {
      this.code[at] = 0xe9; // jmp rel32
      this.#view.setInt32(CODE + at + 1, target - (this.base + CODE + at + 5), true);
    } else {
      this.code[at] = 0xea; // jmp USER_CS64:target
      this.#view.setUint32(CODE + at + 1, target, true);
      this.#view.setUint16(CODE + at + 5, USER_CS64, true);
    }
  }

  /** Take away what `place` wrote. */
  clear(offset: number, length: number): void {
    this.code.fill(HLT, offset, offset + length + 7);
  }

  /** Run the instruction at `offset` on `input` and the window; the result is in `output` and the window. */
  run(offset: number, wide: boolean): void {
    this.#view.setUint32(ENTRY, this.base + CODE + offset, true);
    this.#view.setUint32(ENTRY + 4, wide ? 0 : USER_CS32, true);
    this.output.vector = NO_VECTOR;
    koffi.call(BigInt(this.base + (wide ? this.#stub.enter64 : this.#stub.enter32)), PROTOTYPE);
  }
}
