import { VizorError } from '@vizor/core';
import { CAP, GUEST_DEBUG } from './generated/constants.ts';
import { kvm_guest_debug } from './generated/structs.ts';
import type { IoctlTarget } from './ioctl.ts';
import { build } from './layout.ts';

/** A hardware breakpoint: at an instruction, or at accesses to data of some bytes at an address aligned to them. */
export interface HardwareBreakpoint {
  readonly address: bigint | number;
  readonly on: 'execute' | 'write' | 'access';
  /** Bytes watched; 1 for `execute`. */
  readonly size: 1 | 2 | 4 | 8;
}

export interface GuestDebugOptions {
  /** Exit after each instruction. */
  readonly singleStep?: boolean;
  /** INT3 exits instead of reaching the guest. */
  readonly softwareBreakpoints?: boolean;
  /** At most four. */
  readonly hardwareBreakpoints?: readonly HardwareBreakpoint[];
  /** Hold interrupts back while single-stepping, where the host can (KVM_CAP_SET_GUEST_DEBUG2). */
  readonly blockInterrupts?: boolean;
}

/** Fields of DR7 (Intel SDM vol. 3, 18.2.4). */
const DR7 = Object.freeze({ ALWAYS_ONE: 1n << 10n, EXACT: 1n << 9n });
const CONDITION = Object.freeze({ execute: 0n, write: 1n, access: 3n });
const LENGTH = Object.freeze({ 1: 0n, 2: 1n, 4: 3n, 8: 2n });

/** Debugging of a guest from outside: KVM_SET_GUEST_DEBUG, API §4.87 (KVM_CAP_SET_GUEST_DEBUG). */
export class VcpuDebug {
  readonly #target: IoctlTarget;

  constructor(target: IoctlTarget) {
    this.#target = target;
  }

  /** From now on debug events exit as KVM_EXIT_DEBUG. Replaces what was set before. */
  enable(options: GuestDebugOptions): void {
    const { hardwareBreakpoints = [] } = options;
    if (hardwareBreakpoints.length > 4) {
      throw new VizorError('usage', 'KVM_SET_GUEST_DEBUG', 'the processor has four breakpoint registers');
    }
    const control =
      GUEST_DEBUG.ENABLE |
      (options.singleStep ? GUEST_DEBUG.SINGLESTEP : 0) |
      (options.softwareBreakpoints ? GUEST_DEBUG.USE_SW_BP : 0) |
      (options.blockInterrupts ? GUEST_DEBUG.BLOCKIRQ : 0) |
      (hardwareBreakpoints.length > 0 ? GUEST_DEBUG.USE_HW_BP : 0);
    this.#set(control, debugRegisters(hardwareBreakpoints));
  }

  /** The guest has its debug registers and exceptions to itself again. */
  disable(): void {
    this.#set(0, []);
  }

  #set(control: number, debugreg: readonly bigint[]): void {
    this.#target.transfer(
      'KVM_SET_GUEST_DEBUG',
      build(kvm_guest_debug, { control, arch: { debugreg } }),
      CAP.SET_GUEST_DEBUG,
    );
  }
}

/** DR0 to DR7. */
function debugRegisters(breakpoints: readonly HardwareBreakpoint[]): bigint[] {
  const registers = new Array<bigint>(8).fill(0n);
  let dr7 = DR7.ALWAYS_ONE | DR7.EXACT;
  breakpoints.forEach(({ address, on, size }, i) => {
    registers[i] = BigInt(address);
    const enable = 2n << BigInt(i * 2);
    dr7 |= enable | ((CONDITION[on] | (LENGTH[size] << 2n)) << BigInt(16 + i * 4));
  });
  registers[7] = dr7;
  return registers;
}
