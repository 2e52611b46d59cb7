// A fortress with an attacker in it: guest code in one of two modes, at once, with nothing in its way.

import { Assembler, type Bits } from '../privileged/assemble.ts';
import { Fortress } from './fortress.ts';

/** RAM of an odd number of pages; its end. */
export const END = 2 * 2 ** 20 + 5 * 0x1000;
/** Where code lies, and the pages that `long` maps to what is asked for. */
export const CODE = 0x1000;
export const PAGE = 0x40000000;
const CR4_OSFXSR = 0x600n;

export class Attacker extends Fortress {
  constructor() {
    super({ size: END });
  }

  /** Assemble code and put it at CODE, where execution starts, or elsewhere. */
  assemble(bits: Bits, build: (asm: Assembler) => unknown, origin = CODE): void {
    const asm = new Assembler(bits, origin);
    build(asm);
    this.memory.write(origin, asm.assemble());
  }

  /** Flat 32-bit protected mode, paging off: guest addresses are physical ones. No IDT: an exception ends it by shutdown. */
  flat(): void {
    const { registers } = this.vcpu;
    for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const) {
      registers.setSegment(name, { selector: 0x10, base: 0n, limit: 0xffffffff, attributes: 0xc093 });
    }
    registers.setSegment('cs', { selector: 8, base: 0n, limit: 0xffffffff, attributes: 0xc09b });
    registers.setTable('idt', 0n, 0);
    registers.set('cr0', 0x11n);
    registers.set('cr4', CR4_OSFXSR);
    registers.set('rip', BigInt(CODE));
    registers.set('rsp', 0x8000n);
    this.vcpu.sync();
  }

  /** 64-bit mode with the first 2 MiB mapped, and the page at 1 GiB and those after it to what `frames` says. */
  long(...frames: number[]): void {
    this.flat();
    const { registers } = this.vcpu;
    const put = (at: number, value: bigint) => this.ram.writeBigUInt64LE(value, at);
    put(0x10000, 0x11003n);
    put(0x11000, 0x12003n);
    put(0x11008, 0x13003n);
    put(0x12000, 0x83n);
    put(0x13000, 0x14003n);
    for (const [i, frame] of frames.entries()) put(0x14000 + i * 8, BigInt(frame) | 3n);
    registers.setSegment('cs', { selector: 8, base: 0n, limit: 0xffffffff, attributes: 0xa09b });
    registers.set('cr0', 0x80010011n);
    registers.set('cr3', 0x10000n);
    registers.set('cr4', CR4_OSFXSR | 0x20n);
    registers.set('efer', 0x500n);
    this.vcpu.sync();
  }
}
