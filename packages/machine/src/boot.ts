import { MSR_MTRR_DEF_TYPE } from '@vizor/asm/layout/cpu';
import type { Segment, SoftwareVcpu } from '@vizor/cpu';
import type { BootState } from '@vizor/loader';

/** SEG_ATTR of flat 4 GiB segments (asm/layout/cpu.ts): present, accessed, 32-bit, page granularity. */
const CODE32 = 0xc09b;
const DATA32 = 0xc093;
/** Busy 32-bit TSS. */
const TSS32 = 0x008b;

/** What firmware leaves in IA32_MTRR_DEF_TYPE: MTRRs on, default write-back. Linux sets up PAT only then. */
const MTRR_DEF_TYPE = 0x806n;

const CR0_PE = 0x1n;
const CR0_ET = 0x10n;

/** Put a vCPU into the state in which a boot protocol enters its kernel. */
export function enterKernel(vcpu: SoftwareVcpu, boot: BootState): void {
  const { registers } = vcpu;
  const flat = (selector: number, attributes: number): Segment => ({
    selector,
    base: 0n,
    limit: 0xffffffff,
    attributes,
  });
  for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const)
    registers.setSegment(name, flat(boot.selectors.data, DATA32));
  registers.setSegment('cs', flat(boot.selectors.code, CODE32));
  registers.setSegment('tr', { selector: boot.selectors.task, base: 0n, limit: 0x67, attributes: TSS32 });
  registers.setTable('gdt', BigInt(boot.gdt.base), boot.gdt.limit);
  registers.set('cr0', CR0_PE | CR0_ET);
  registers.set('rip', BigInt(boot.entry));
  const { eax, ebx, ecx, edx, esi, edi, ebp, esp } = boot.registers;
  const general = { rax: eax, rbx: ebx, rcx: ecx, rdx: edx, rsi: esi, rdi: edi, rbp: ebp, rsp: esp } as const;
  for (const [name, value] of Object.entries(general)) registers.set(name as keyof typeof general, BigInt(value));
  registers.setQuad(MSR_MTRR_DEF_TYPE, MTRR_DEF_TYPE);
  vcpu.sync();
}
