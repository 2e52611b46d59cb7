import * as layout from '@vizor/asm/layout/cpu';
import type { VcpuHost } from '@vizor/core';
import { SoftwareVcpu } from '@vizor/cpu';
import { GuestMemory } from '@vizor/memory';
import type { Image } from './image.ts';
import { CODE64, CR0, CR4, DATA64, EFER_LME, GDT, IDT, MEMORY_MIB, PML4, STACK_TOP } from './layout.ts';

const EFER_LMA = 0x400n;
/** SEG_ATTR of asm/layout/cpu.ts: accessed, present, 4 KiB granularity; 64-bit code, and data. */
const ATTRIBUTES = Object.freeze({ CODE: 0xa09b, DATA: 0xc093 });
const RFLAGS_FIXED = 2n;

/** Guest instructions between two looks at why the vCPU came back. */
const SLICE = 40_000;

/** What a bare guest's devices do; ports and addresses that are not named read as all ones. */
export type BareHost = Partial<VcpuHost>;

/** The software CPU alone, in long mode, with what a benchmark's image has in memory. */
export class BareGuest {
  readonly memory = new GuestMemory(MEMORY_MIB * 2 ** 20);
  readonly vcpu: SoftwareVcpu;

  constructor(segments: Image['segments'], host: BareHost = {}) {
    this.vcpu = new SoftwareVcpu(this.memory, {
      pioRead: () => 0xffffffff,
      pioWrite: () => {},
      mmioRead: () => 0xffffffff,
      mmioWrite: () => {},
      now: () => Math.floor(performance.now() * 1e6),
      acknowledgeInterrupt: () => 0,
      endOfInterrupt: () => {},
      ...host,
    });
    for (const { gpa, bytes } of segments) this.memory.place(gpa, bytes, 'benchmark');
    const { registers } = this.vcpu;
    const flat = { base: 0n, limit: 0xffffffff };
    registers.setSegment('cs', { ...flat, selector: CODE64, attributes: ATTRIBUTES.CODE });
    for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const) {
      registers.setSegment(name, { ...flat, selector: DATA64, attributes: ATTRIBUTES.DATA });
    }
    registers.setTable('gdt', BigInt(GDT), 0xfff);
    registers.setTable('idt', BigInt(IDT), 0xfff);
    registers.set('cr3', BigInt(PML4));
    registers.set('cr4', BigInt(CR4));
    registers.set('efer', BigInt(EFER_LME) | EFER_LMA);
    registers.set('cr0', BigInt(CR0));
    registers.set('rsp', BigInt(STACK_TOP));
    registers.setQuad(layout.RFLAGS, RFLAGS_FIXED);
    registers.setWord(layout.CPL, 0);
    this.vcpu.sync();
  }

  /** Run from `rip` until a device calls {@link SoftwareVcpu.stop}. */
  run(rip: number): void {
    const { vcpu } = this;
    vcpu.registers.set('rip', BigInt(rip));
    while (true) {
      const exit = vcpu.run(SLICE);
      if (exit === 'stop') break;
      if (exit !== 'slice')
        throw new Error(`the guest ended with ${exit} at ${vcpu.registers.get('rip').toString(16)}`);
    }
    vcpu.registers.setWord(layout.STOP, 0);
  }
}
