import { VizorError } from '@vizor/core';
import { requireBytes } from './arguments.ts';
import { CAP, MSR_FILTER } from './generated/constants.ts';
import { kvm_enable_cap, kvm_msr_filter, kvm_pmu_event_filter } from './generated/structs.ts';
import { type Capability, type IoctlTarget, requireCapability } from './ioctl.ts';
import { build } from './layout.ts';
import { addressOf } from './native/mapping.ts';

/** MSRs from `base` on, a bit each: set where the access goes on, clear where it is filtered. */
export interface MsrFilterRange {
  readonly read: boolean;
  readonly write: boolean;
  readonly base: number;
  readonly count: number;
  readonly allowed: Uint8Array;
}

/** Which events the guest's performance counters may count. */
export interface PmuFilter {
  /** PMU_EVENT.ALLOW to allow the listed events alone, PMU_EVENT.DENY to deny them. */
  readonly action: number;
  /** Event selects and unit masks, as the processor's event select register has them. */
  readonly events: readonly bigint[];
  readonly fixedCounters?: number;
  /** PMU_EVENT.FLAG_MASKED_EVENTS (KVM_CAP_PMU_EVENT_MASKED_EVENTS). */
  readonly flags?: number;
}

/**
 * Switch a capability of a VM or vCPU on: KVM_ENABLE_CAP, API §4.37 (KVM_CAP_ENABLE_CAP_VM, KVM_CAP_ENABLE_CAP). The
 * host is asked first: for some capabilities that it lacks the kernel says yes and does nothing.
 */
export function enableCapability(
  target: IoctlTarget,
  capability: Capability,
  args: readonly (number | bigint)[] = [],
): void {
  if (args.length > 4) throw new VizorError('usage', 'KVM_ENABLE_CAP', `${args.length} arguments, and 4 are the most`);
  requireCapability('KVM_ENABLE_CAP', capability);
  target.transfer('KVM_ENABLE_CAP', build(kvm_enable_cap, { cap: capability, args }), capability);
}

/** How a VM behaves: capabilities that are switched on (API §7) and filters. Most must come before the first vCPU. */
export class VmFeatures {
  readonly #target: IoctlTarget;

  constructor(target: IoctlTarget) {
    this.#target = target;
  }

  /** Any capability, by its number and arguments: KVM_ENABLE_CAP, API §4.37 (KVM_CAP_ENABLE_CAP_VM). */
  enable(capability: Capability, args: readonly (number | bigint)[] = []): void {
    enableCapability(this.#target, capability, args);
  }

  /** Instructions that the guest runs without an exit: KVM_CAP_X86_DISABLE_EXITS. @param exits bits of DISABLE_EXITS */
  disableExits(exits: number): void {
    this.enable(CAP.X86_DISABLE_EXITS, [exits]);
  }

  /** Behaviour that KVM keeps for old users: KVM_CAP_DISABLE_QUIRKS2. @param quirks bits of QUIRK */
  disableQuirks(quirks: number): void {
    this.enable(CAP.DISABLE_QUIRKS2, [quirks]);
  }

  /** 32-bit APIC ids in routes and messages: KVM_CAP_X2APIC_API. @param flags bits of X2APIC_API */
  useX2apicIds(flags: number): void {
    this.enable(CAP.X2APIC_API, [flags]);
  }

  /**
   * MSR accesses that exit as KVM_EXIT_X86_RDMSR and KVM_EXIT_X86_WRMSR instead of faulting: KVM_CAP_X86_USER_SPACE_MSR.
   * @param reasons bits of MSR_EXIT
   */
  exitOnMsrs(reasons: number): void {
    this.enable(CAP.X86_USER_SPACE_MSR, [reasons]);
  }

  /**
   * MSRs that the guest may not touch: KVM_X86_SET_MSR_FILTER, API §4.97 (KVM_CAP_X86_MSR_FILTER).
   * @param others what happens to MSRs in no range
   */
  filterMsrs(others: 'allow' | 'deny', ranges: readonly MsrFilterRange[]): void {
    if (ranges.length > MSR_FILTER.MAX_RANGES) {
      throw new VizorError('usage', 'KVM_X86_SET_MSR_FILTER', `${ranges.length} ranges, and 16 are the most`);
    }
    for (const { allowed, count } of ranges) {
      requireBytes('KVM_X86_SET_MSR_FILTER', 'the bitmap', allowed, Math.ceil(count / 8));
    }
    const filter = build(kvm_msr_filter, {
      flags: others === 'allow' ? MSR_FILTER.DEFAULT_ALLOW : MSR_FILTER.DEFAULT_DENY,
      ranges: ranges.map(({ read, write, base, count, allowed }) => ({
        flags: (read ? MSR_FILTER.READ : 0) | (write ? MSR_FILTER.WRITE : 0),
        nmsrs: count,
        base,
        bitmap: addressOf(allowed),
      })),
    });
    this.#target.transfer('KVM_X86_SET_MSR_FILTER', filter, CAP.X86_MSR_FILTER);
  }

  /** Hypercalls that exit as KVM_EXIT_HYPERCALL, a bit for each number: KVM_CAP_EXIT_HYPERCALL. */
  exitOnHypercalls(numbers: number): void {
    this.enable(CAP.EXIT_HYPERCALL, [numbers]);
  }

  /**
   * An instruction that KVM cannot emulate exits even from the guest's user mode, instead of raising #UD there:
   * KVM_CAP_EXIT_ON_EMULATION_FAILURE.
   */
  exitOnEmulationFailure(): void {
    this.enable(CAP.EXIT_ON_EMULATION_FAILURE, [1]);
  }

  /** Longest busy wait at HLT before the thread sleeps, in nanoseconds: KVM_CAP_HALT_POLL. */
  limitHaltPolling(nanoseconds: number): void {
    this.enable(CAP.HALT_POLL, [nanoseconds]);
  }

  /** Exit at accesses that lock the bus: KVM_CAP_X86_BUS_LOCK_EXIT. @param mode of BUS_LOCK */
  detectBusLocks(mode: number): void {
    this.enable(CAP.X86_BUS_LOCK_EXIT, [mode]);
  }

  /**
   * Exit when the guest holds the processor without an interrupt window for a number of crystal ticks:
   * KVM_CAP_X86_NOTIFY_VMEXIT. @param flags bits of NOTIFY_VMEXIT
   */
  notifyAfter(ticks: number, flags: number): void {
    this.enable(CAP.X86_NOTIFY_VMEXIT, [(BigInt(ticks) << 32n) | BigInt(flags)]);
  }

  /** Performance counters: KVM_CAP_PMU_CAPABILITY. @param flags bits of PMU_CAP */
  restrictPmu(flags: number): void {
    this.enable(CAP.PMU_CAPABILITY, [flags]);
  }

  /** KVM_SET_PMU_EVENT_FILTER, API §4.120 (KVM_CAP_PMU_EVENT_FILTER). */
  filterPmu({ action, events, fixedCounters = 0, flags = 0 }: PmuFilter): void {
    const header = { action, nevents: events.length, fixed_counter_bitmap: fixedCounters, flags };
    const filter = build(kvm_pmu_event_filter, header, events.length * 8);
    events.forEach((event, i) => {
      kvm_pmu_event_filter.fields.events.at(i).write(filter, event);
    });
    this.#target.transfer('KVM_SET_PMU_EVENT_FILTER', filter, CAP.PMU_EVENT_FILTER);
  }

  /** Tell pending exceptions from injected ones, with their payload, in vCPU events: KVM_CAP_EXCEPTION_PAYLOAD. */
  tellExceptionPayloads(): void {
    this.enable(CAP.EXCEPTION_PAYLOAD, [1]);
  }

  /** Tell of a pending triple fault in vCPU events: KVM_CAP_X86_TRIPLE_FAULT_EVENT. */
  tellTripleFaults(): void {
    this.enable(CAP.X86_TRIPLE_FAULT_EVENT, [1]);
  }

  /** Whether the guest can read MSR_PLATFORM_INFO: KVM_CAP_MSR_PLATFORM_INFO. */
  setPlatformInfo(readable: boolean): void {
    this.enable(CAP.MSR_PLATFORM_INFO, [readable ? 1 : 0]);
  }

  /** Highest vCPU id plus one, which saves memory: KVM_CAP_MAX_VCPU_ID. */
  limitVcpuIds(count: number): void {
    this.enable(CAP.MAX_VCPU_ID, [count]);
  }

  /** Do without the split of huge pages against iTLB multihit, for a trusted guest: KVM_CAP_VM_DISABLE_NX_HUGE_PAGES. */
  trustHugePages(): void {
    this.enable(CAP.VM_DISABLE_NX_HUGE_PAGES);
  }

  /** Nanoseconds of one tick of the local APICs' timers, after these are in the kernel: KVM_CAP_X86_APIC_BUS_CYCLES_NS. */
  setApicTick(nanoseconds: number): void {
    this.enable(CAP.X86_APIC_BUS_CYCLES_NS, [nanoseconds]);
  }

  /** Which vCPU starts the machine, 0 unless told otherwise: KVM_SET_BOOT_CPU_ID, API §4.41 (KVM_CAP_SET_BOOT_CPU_ID). */
  setBootVcpu(id: number): void {
    this.#target.call('KVM_SET_BOOT_CPU_ID', id, CAP.SET_BOOT_CPU_ID);
  }
}
