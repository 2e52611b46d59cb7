import { EXIT } from './generated/constants.ts';
import type { Kvm } from './kvm.ts';

/** How fast a vCPU runs a loop of two instructions, in millions of instructions a second, exits included. */
export interface Speed {
  /** In the guest's kernel mode (CPL 0). */
  readonly kernelMips: number;
  /** In its user mode (CPL 3). */
  readonly userMips: number;
}

const CODE = 0x1000;
const PML4 = 0x2000;
const PDPT = 0x3000;
const PD = 0x4000;
const RAM = 0x1_0000;
/** l: dec rcx; jnz l; out 0x80, al */
const LOOP = [0x48, 0xff, 0xc9, 0x75, 0xfb, 0xe6, 0x80];
/** Enough for the loop to outweigh its exit where it runs natively, and for 20 ms where the kernel interprets it. */
const ITERATIONS = 20_000;
const ATTEMPTS = 3;
/** Present, writable, user; and the same for a 2 MiB page. */
const TABLE = 7n;
const LARGE = 0x87n;

const CR0_PE_ET_NE_PG = 0x8000_0031n;
const CR4_PAE = 0x20n;
const EFER_LME_LMA = 0x500n;
/** RFLAGS: IOPL 3, so that user mode may reach the port. */
const RFLAGS = 0x3002n;

/** Run the loop in 64-bit mode at both privilege levels, in a VM made for it. */
export function measureSpeed(kvm: Kvm): Speed {
  return { kernelMips: bestOf(kvm, 0), userMips: bestOf(kvm, 3) };
}

/** The best of a few runs: another thread may have taken the processor in the others. */
function bestOf(kvm: Kvm, privilege: 0 | 3): number {
  return Math.max(...Array.from({ length: ATTEMPTS }, () => runLoop(kvm, privilege)));
}

function runLoop(kvm: Kvm, dpl: 0 | 3): number {
  using vm = kvm.createVm();
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const ram = new Uint8Array(memory.buffer);
  vm.memory.set({ slot: 0, guestAddress: 0, size: RAM, host: ram });
  ram.set(LOOP, CODE);
  const view = new DataView(memory.buffer);
  view.setBigUint64(PML4, BigInt(PDPT) | TABLE, true);
  view.setBigUint64(PDPT, BigInt(PD) | TABLE, true);
  view.setBigUint64(PD, LARGE, true);
  const vcpu = vm.createVcpu(0);
  const flat = { base: 0, limit: 0xffff_ffff, present: 1, s: 1, g: 1, dpl };
  const cs = { ...flat, selector: 8 | dpl, type: 0xb, l: 1, db: 0 };
  const data = { ...flat, selector: 16 | dpl, type: 3, l: 0, db: 1 };
  vcpu.sregs.change({
    ...{ cs, ds: data, es: data, fs: data, gs: data, ss: data },
    ...{ cr0: CR0_PE_ET_NE_PG, cr3: PML4, cr4: CR4_PAE, efer: EFER_LME_LMA },
  });
  vcpu.regs.set({ rip: CODE, rcx: ITERATIONS, rflags: RFLAGS });
  const start = performance.now();
  while (vcpu.run() === EXIT.INTR);
  const seconds = (performance.now() - start) / 1000;
  return vcpu.page.exitReason === EXIT.IO ? (ITERATIONS * 2) / seconds / 1e6 : 0;
}
