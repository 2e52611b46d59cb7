// Tiny guests: a VM with a little RAM, one vCPU, and a processor mode to start in.

import { EXIT, exitName, Kvm, type Vcpu, type Vm } from '@vizor/kvm';

/** Where code goes, and where the stack ends. */
export const CODE = 0x1000;
export const STACK = 0x8000;
export const RAM_SIZE = 0x20_0000;
/** Page tables of long mode, the GDT and the IDT. */
const PML4 = 0x1_0000;
const PDPT = 0x1_1000;
const PD_LOW = 0x1_2000;
const PD_HIGH = 0x1_3000;
export const GDT = 0x1_4000;
export const IDT = 0x1_5000;

const CR0 = Object.freeze({ PE: 1n, MP: 2n, ET: 0x10n, NE: 0x20n, WP: 0x1_0000n, PG: 0x8000_0000n });
const CR4 = Object.freeze({ PAE: 0x20n, OSFXSR: 0x200n, OSXMMEXCPT: 0x400n });
const EFER = Object.freeze({ LME: 0x100n, LMA: 0x400n });
const PTE = Object.freeze({ PRESENT: 1n, WRITE: 2n, USER: 4n, LARGE: 0x80n });

export type Mode = 'real' | 'protected' | 'long' | 'user';

export interface GuestOptions {
  readonly mode?: Mode;
  readonly code: readonly number[];
  /** Interrupt controllers in the kernel. */
  readonly irqchip?: boolean;
  readonly logDirty?: boolean;
  /** Before the vCPU is made. */
  readonly prepare?: (vm: Vm) => void;
}

/** A machine for a test: disposing it closes all of it. */
export class Guest {
  readonly kvm = Kvm.open();
  readonly vm: Vm;
  readonly vcpu: Vcpu;
  readonly memory = new WebAssembly.Memory({ initial: RAM_SIZE / 65536, maximum: RAM_SIZE / 65536, shared: true });
  readonly ram: Uint8Array<ArrayBufferLike> = new Uint8Array(this.memory.buffer);
  readonly view = new DataView(this.memory.buffer);

  constructor({ mode = 'real', code, irqchip = false, logDirty = false, prepare }: GuestOptions) {
    this.vm = this.kvm.createVm();
    if (irqchip) this.vm.interrupts.createChips();
    prepare?.(this.vm);
    this.vm.memory.set({ slot: 0, guestAddress: 0, size: RAM_SIZE, host: this.ram, logDirty });
    this.ram.set(code, CODE);
    this.vcpu = this.vm.createVcpu(0);
    this.vcpu.cpuid.set(this.kvm.supportedCpuid());
    enter(this.vcpu, mode, this.view);
  }

  /** Run on until an exit that is not {@link EXIT.INTR}. */
  run(): string {
    for (;;) {
      const reason = this.vcpu.run();
      if (reason !== EXIT.INTR) return exitName(reason);
    }
  }

  /** Run until HLT, and gather what the guest writes to ports. */
  output(): { port: number; value: number }[] {
    const written: { port: number; value: number }[] = [];
    for (;;) {
      const reason = this.run();
      if (reason === 'HLT') return written;
      if (reason !== 'IO') throw new Error(`the guest stopped with ${reason}`);
      const { io } = this.vcpu.page;
      for (let i = 0; i < io.count; i += 1) written.push({ port: io.port, value: io.read(i) });
    }
  }

  [Symbol.dispose](): void {
    this.vm[Symbol.dispose]();
    this.kvm[Symbol.dispose]();
  }
}

/** Put a vCPU into a mode, at {@link CODE} with a stack, the first 2 MiB and the APICs' pages mapped at their addresses. */
function enter(vcpu: Vcpu, mode: Mode, ram: DataView): void {
  vcpu.regs.set({ rip: CODE, rsp: STACK, rflags: mode === 'user' ? 0x3002 : 2 });
  if (mode === 'real') {
    vcpu.sregs.change({ cs: { base: 0, selector: 0 } });
    return;
  }
  writeGdt(ram);
  const long = mode !== 'protected';
  const dpl = mode === 'user' ? 3 : 0;
  const flat = { base: 0, limit: 0xffff_ffff, present: 1, s: 1, g: 1, dpl };
  const code = {
    ...flat,
    selector: (mode === 'user' ? 0x18 : long ? 0x10 : 0x08) | dpl,
    type: 0xb,
    l: long ? 1 : 0,
    db: long ? 0 : 1,
  };
  const data = { ...flat, selector: (mode === 'user' ? 0x28 : 0x20) | dpl, type: 3, l: 0, db: 1 };
  if (long) writePageTables(ram);
  vcpu.sregs.change({
    cs: code,
    ds: data,
    es: data,
    fs: data,
    gs: data,
    ss: data,
    gdt: { base: GDT, limit: 0x2f },
    idt: { base: IDT, limit: 0xfff },
    cr0: CR0.PE | CR0.ET | CR0.NE | (long ? CR0.PG | CR0.MP : 0n),
    cr3: long ? BigInt(PML4) : 0n,
    cr4: long ? CR4.PAE | CR4.OSFXSR | CR4.OSXMMEXCPT : 0n,
    efer: long ? EFER.LME | EFER.LMA : 0n,
  });
}

/** null, 32-bit code, 64-bit code, user 64-bit code, data, user data. */
function writeGdt(ram: DataView): void {
  const entries = [
    0n,
    0x00cf9b000000ffffn,
    0x00af9b000000ffffn,
    0x00affb000000ffffn,
    0x00cf93000000ffffn,
    0x00cff3000000ffffn,
  ];
  entries.forEach((entry, i) => {
    ram.setBigUint64(GDT + i * 8, entry, true);
  });
}

function writePageTables(ram: DataView): void {
  const all = PTE.PRESENT | PTE.WRITE | PTE.USER;
  ram.setBigUint64(PML4, BigInt(PDPT) | all, true);
  ram.setBigUint64(PDPT, BigInt(PD_LOW) | all, true);
  ram.setBigUint64(PDPT + 3 * 8, BigInt(PD_HIGH) | all, true);
  ram.setBigUint64(PD_LOW, all | PTE.LARGE, true);
  // An address without RAM, for MMIO, and the pages of the I/O APIC and the local APIC.
  for (const address of [0x20_0000n, 0xfec0_0000n, 0xfee0_0000n]) {
    const table = address < 0x4000_0000n ? PD_LOW : PD_HIGH;
    ram.setBigUint64(table + Number((address >> 21n) & 511n) * 8, address | all | PTE.LARGE, true);
  }
}

/** A gate of the real-mode interrupt vector table. */
export function setRealVector(ram: DataView, vector: number, offset: number): void {
  ram.setUint16(vector * 4, offset, true);
  ram.setUint16(vector * 4 + 2, 0, true);
}

/** An interrupt gate of protected mode's IDT, to 32-bit code. */
export function setProtectedVector(ram: DataView, vector: number, offset: number): void {
  const at = IDT + vector * 8;
  ram.setUint16(at, offset & 0xffff, true);
  ram.setUint16(at + 2, 0x08, true);
  ram.setUint16(at + 4, 0x8e00, true);
  ram.setUint16(at + 6, offset >>> 16, true);
}
