// CPUID (AMD APM vol. 3, appendix E; KVM's and VMware's leaves for hypervisors). The processor is x86-64-v2, called a Zen 2
// because kernels choose work-arounds by family and model, and that one needs none that matter here. What it does not do
// is not announced: no AVX or XSAVE, SMAP, PCID, INVPCID, MONITOR, machine checks, performance counters, virtualization,
// RDRAND, 3DNow!, VME. Functions that do not exist answer zeros.
import { MSR_APIC_BASE, RAX, RBX, RCX, RDX } from "../layout/cpu";
import { PHYSICAL_BITS } from "./mmu";
import { APIC_BUS_KHZ, TSC_KHZ } from "./tsc";

/** Family 17h, model 31h, stepping 0: function 1's EAX, and EDX after RESET. */
export const SIGNATURE: u32 = 0x00830f10;

const BASIC_MAX: u32 = 0xb;
const EXTENDED_MAX: u32 = 0x80000021;
const HYPERVISOR_MAX: u32 = 0x40000010;

// "AuthenticAMD" and "KVMKVMKVM\0\0\0", four bytes a register.
const AUTH: u32 = 0x68747541;
const ENTI: u32 = 0x69746e65;
const CAMD: u32 = 0x444d4163;
const KVMK: u32 = 0x4b4d564b;
const VMKV: u32 = 0x564b4d56;
const M: u32 = 0x4d;

// Function 1, EDX, and the part that function 80000001h repeats.
const FPU: u32 = 1 << 0;
const DE: u32 = 1 << 2;
const PSE: u32 = 1 << 3;
const TSC: u32 = 1 << 4;
const MSR: u32 = 1 << 5;
const PAE: u32 = 1 << 6;
const CX8: u32 = 1 << 8;
const APIC: u32 = 1 << 9;
const SEP: u32 = 1 << 11;
const MTRR: u32 = 1 << 12;
const PGE: u32 = 1 << 13;
const CMOV: u32 = 1 << 15;
const PAT: u32 = 1 << 16;
const PSE36: u32 = 1 << 17;
const CLFLUSH: u32 = 1 << 19;
const MMX: u32 = 1 << 23;
const FXSR: u32 = 1 << 24;
const SSE: u32 = 1 << 25;
const SSE2: u32 = 1 << 26;
const COMMON: u32 = FPU | DE | PSE | TSC | MSR | PAE | CX8 | MTRR | PGE | CMOV | PAT | PSE36 | MMX | FXSR;

// Function 1, ECX.
const SSE3: u32 = 1 << 0;
const SSSE3: u32 = 1 << 9;
const CX16: u32 = 1 << 13;
const SSE41: u32 = 1 << 19;
const SSE42: u32 = 1 << 20;
const X2APIC: u32 = 1 << 21;
const POPCNT: u32 = 1 << 23;
const TSC_DEADLINE: u32 = 1 << 24;
const HYPERVISOR: u32 = 1 << 31;

// Function 6, EAX; function 7, EBX and EDX. ERMS and FSRM: REP MOVSB and STOSB are the fastest way to move bytes here.
const ARAT: u32 = 1 << 2;
const SMEP: u32 = 1 << 7;
const ERMS: u32 = 1 << 9;
const FSRM: u32 = 1 << 4;

// Function 80000001h, EDX and ECX.
const SYSCALL: u32 = 1 << 11;
const NX: u32 = 1 << 20;
const MMXEXT: u32 = 1 << 22;
const PAGE_1G: u32 = 1 << 26;
const RDTSCP: u32 = 1 << 27;
const LM: u32 = 1 << 29;
const LAHF: u32 = 1 << 0;

const INVARIANT_TSC: u32 = 1 << 8;

// Function 80000008h, EBX: FXSAVE always saves the error pointers. Nothing is speculated, hence no SSB, no branch type
// confusion, no return stack overflow (80000021h), and automatic IBRS costs nothing: it spares kernels their retpolines.
const XSAVE_ERR_PTR: u32 = 1 << 2;
const SSB_NO: u32 = 1 << 26;
const BTC_NO: u32 = 1 << 29;
// Function 80000021h, EAX.
const LFENCE_SERIALIZES: u32 = 1 << 2;
const NULL_CLEARS_BASE: u32 = 1 << 6;
const AUTO_IBRS: u32 = 1 << 8;
const SRSO_NO: u32 = 1 << 29;

// KVM's paravirtual features: port 80h needs no delay; kvmclock at the newer MSRs; its time is one for all vCPUs.
const KVM_NOP_IO_DELAY: u32 = 1 << 1;
const KVM_CLOCKSOURCE2: u32 = 1 << 3;
const KVM_CLOCKSOURCE_STABLE: u32 = 1 << 24;

const APIC_ENABLED: u32 = 0x800;

/** "Vizor x86-64 CPU", padded with zeros to 48 bytes. */
const BRAND: StaticArray<u32> = [0x6f7a6956, 0x38782072, 0x34362d36, 0x55504320, 0, 0, 0, 0, 0, 0, 0, 0];

@inline
function answer(cpu: u32, eax: u32, ebx: u32, ecx: u32, edx: u32): void {
  store<u64>(cpu + RAX, <u64>eax);
  store<u64>(cpu + RBX, <u64>ebx);
  store<u64>(cpu + RCX, <u64>ecx);
  store<u64>(cpu + RDX, <u64>edx);
}

/** Answer CPUID for the function in EAX and the index in ECX, in EAX, EBX, ECX and EDX. */
export function cpuid(cpu: u32): void {
  const leaf = load<u32>(cpu + RAX);
  const index = load<u32>(cpu + RCX);
  switch (leaf >> 28) {
    case 0: basic(cpu, leaf, index); break;
    case 4: hypervisor(cpu, leaf); break;
    case 8: extended(cpu, leaf, index); break;
    default: answer(cpu, 0, 0, 0, 0); break;
  }
}

/** APIC in functions 1 and 80000001h follows IA32_APIC_BASE.EN. */
@inline
function apic(cpu: u32): u32 {
  return load<u32>(cpu + MSR_APIC_BASE) & APIC_ENABLED ? APIC : 0;
}

function basic(cpu: u32, leaf: u32, index: u32): void {
  switch (leaf) {
    case 0: return answer(cpu, BASIC_MAX, AUTH, CAMD, ENTI);
    // EBX: CLFLUSH line of 8 quadwords, one logical processor, APIC ID 0.
    case 1: return answer(cpu, SIGNATURE, 0x00010800,
      SSE3 | SSSE3 | CX16 | SSE41 | SSE42 | X2APIC | POPCNT | TSC_DEADLINE | HYPERVISOR,
      COMMON | apic(cpu) | SEP | CLFLUSH | SSE | SSE2);
    case 6: return answer(cpu, ARAT, 0, 0, 0);
    case 7: return index == 0 ? answer(cpu, 0, SMEP | ERMS, 0, FSRM) : answer(cpu, 0, 0, 0, 0);
    case 0xb: return topology(cpu, index);
    default: return answer(cpu, 0, 0, 0, 0);
  }
}

/** Function Bh: one thread in one core. EAX: shift to the next level's ID; EBX: processors; ECX: level's number and type. */
function topology(cpu: u32, index: u32): void {
  if (index == 0) answer(cpu, 0, 1, 0x100, 0);
  else if (index == 1) answer(cpu, 0, 1, 0x201, 0);
  else answer(cpu, 0, 0, index & 0xff, 0);
}

function hypervisor(cpu: u32, leaf: u32): void {
  switch (leaf) {
    case 0x40000000: return answer(cpu, HYPERVISOR_MAX, KVMK, VMKV, M);
    case 0x40000001: return answer(cpu, KVM_NOP_IO_DELAY | KVM_CLOCKSOURCE2 | KVM_CLOCKSOURCE_STABLE, 0, 0, 0);
    case 0x40000010: return answer(cpu, TSC_KHZ, APIC_BUS_KHZ, 0, 0);
    default: return answer(cpu, 0, 0, 0, 0);
  }
}

function extended(cpu: u32, leaf: u32, index: u32): void {
  switch (leaf) {
    case 0x80000000: return answer(cpu, EXTENDED_MAX, AUTH, CAMD, ENTI);
    case 0x80000001: return answer(cpu, SIGNATURE, 0, LAHF,
      COMMON | apic(cpu) | SYSCALL | NX | MMXEXT | PAGE_1G | RDTSCP | LM);
    case 0x80000002: case 0x80000003: case 0x80000004: {
      const part = changetype<u32>(BRAND) + (leaf - 0x80000002) * 16;
      return answer(cpu, load<u32>(part), load<u32>(part + 4), load<u32>(part + 8), load<u32>(part + 12));
    }
    // L1: 64-entry TLBs, 32 KiB 8-way caches of 64-byte lines. L2: 512 KiB 8-way; no L3.
    case 0x80000005: return answer(cpu, 0xff40ff40, 0xff40ff40, 0x20080140, 0x20080140);
    case 0x80000006: return answer(cpu, 0x48006400, 0x68006400, 0x02006140, 0);
    case 0x80000007: return answer(cpu, 0, 0, 0, INVARIANT_TSC);
    case 0x80000008: return answer(cpu, <u32>PHYSICAL_BITS | (48 << 8), XSAVE_ERR_PTR | SSB_NO | BTC_NO, 0, 0);
    case 0x8000001d: return cache(cpu, index);
    case 0x80000021: return answer(cpu, LFENCE_SERIALIZES | NULL_CLEARS_BASE | AUTO_IBRS | SRSO_NO, 0, 0, 0);
    default: return answer(cpu, 0, 0, 0, 0);
  }
}

/** Function 8000001Dh: the caches of 80000005h and 80000006h again: type and level, ways and line size less 1, sets less 1. */
function cache(cpu: u32, index: u32): void {
  if (index == 0) answer(cpu, 0x121, (7 << 22) | 63, 63, 0);
  else if (index == 1) answer(cpu, 0x122, (7 << 22) | 63, 63, 0);
  else if (index == 2) answer(cpu, 0x143, (7 << 22) | 63, 1023, 0);
  else answer(cpu, 0, 0, 0, 0);
}
