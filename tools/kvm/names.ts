// Which names of the headers x86 needs, and which constants belong together.

/** Parts of names that belong to other architectures, or to interfaces that are gone. */
const FOREIGN =
  /S390|PPC|SPAPR|POWERPC|MIPS|ARM(?!ED)|RISCV|LOONGARCH|IA64|BOOKE|XICS|XIVE|FLIC|FSL|MPIC|PAPR|VGIC|PSCI|NISV|_OSI$|_DCR$|_EPR$|IOCSR|ASSIGN_|ALLOCATE_RMA|TRACE_|DEBUG_GUEST$|_TRC_|SET_MEMORY_REGION$|MEMORY_ALIAS|_DIRTY_TLB|SW_TLB|ONE_REG|REG_LIST|COUNTER_OFFSET/;
const FOREIGN_STRUCT =
  /s390|ppc|spapr|mips|riscv|_arm_|assigned|user_trace|kvm_breakpoint|debug_guest|memory_alias|kvm_memory_region$|config_tlb|dirty_tlb|one_reg|reg_list|kvm_pv_|kvm_cpuid$|cpuid_entry$|sev|xen|enc_region/;

export function isForX86(name: string): boolean {
  return !FOREIGN.test(name);
}

export function isStructForX86(name: string): boolean {
  return !FOREIGN_STRUCT.test(name);
}

/** Union members of `struct kvm_run` and the like that other architectures use. */
export function isMemberForX86(name: string): boolean {
  return !/^(s390|papr|osi|epr|dcr|riscv|arm_|iocsr|adapter|xen|sida)/.test(name);
}

/** Members that hold no information. */
export function isPadding(name: string): boolean {
  return /^_?(pad|padding|reserved|reserve|dummy)\d*$/.test(name);
}

export interface ConstantGroup {
  readonly table: string;
  readonly prefix: string;
  readonly doc: string;
  /** Which of the names that start so, without the prefix. */
  readonly only?: (rest: string) => boolean;
}

const not =
  (pattern: RegExp) =>
  (rest: string): boolean =>
    !pattern.test(rest);
const just =
  (...names: string[]) =>
  (rest: string): boolean =>
    names.includes(rest);

/** One table per register or argument, so that mixing two looks wrong. */
export const CONSTANT_GROUPS: readonly ConstantGroup[] = [
  { table: 'CAP', prefix: 'KVM_CAP_', doc: 'Capabilities, for KVM_CHECK_EXTENSION and KVM_ENABLE_CAP.' },
  {
    table: 'EXIT',
    prefix: 'KVM_EXIT_',
    doc: 'Why KVM_RUN came back: `kvm_run.exit_reason`.',
    only: not(/^(IO_IN|IO_OUT|HYPERV_|XEN_)/),
  },
  { table: 'IO', prefix: 'KVM_EXIT_IO_', doc: 'Direction of a port access: `kvm_run.io.direction`.' },
  { table: 'HYPERV_EXIT', prefix: 'KVM_EXIT_HYPERV_', doc: 'Type of a Hyper-V exit.' },
  {
    table: 'INTERNAL_ERROR',
    prefix: 'KVM_INTERNAL_ERROR_',
    doc: 'Suberrors of KVM_EXIT_INTERNAL_ERROR.',
    only: not(/FLAG/),
  },
  {
    table: 'EMULATION_FAILURE',
    prefix: 'KVM_INTERNAL_ERROR_EMULATION_FLAG_',
    doc: 'What an emulation failure reports.',
  },
  { table: 'SYSTEM_EVENT', prefix: 'KVM_SYSTEM_EVENT_', doc: 'Types of KVM_EXIT_SYSTEM_EVENT.' },
  { table: 'RUN_FLAGS', prefix: 'KVM_RUN_X86_', doc: '`kvm_run.flags`.' },
  { table: 'MEM', prefix: 'KVM_MEM_', doc: 'Flags of a memory slot.' },
  { table: 'MEMORY_ATTRIBUTE', prefix: 'KVM_MEMORY_ATTRIBUTE_', doc: 'Attributes of guest memory.' },
  { table: 'MEMORY_EXIT_FLAG', prefix: 'KVM_MEMORY_EXIT_FLAG_', doc: 'Flags of KVM_EXIT_MEMORY_FAULT.' },
  {
    table: 'MP_STATE',
    prefix: 'KVM_MP_STATE_',
    doc: 'What a vCPU is doing.',
    only: not(/STOP|OPERATING|LOAD|SUSPEND/),
  },
  { table: 'SYNC', prefix: 'KVM_SYNC_X86_', doc: 'Register sets that `kvm_run` can carry.', only: not(/VALID/) },
  { table: 'VCPU_EVENT', prefix: 'KVM_VCPUEVENT_VALID_', doc: 'Valid parts of `kvm_vcpu_events`.' },
  { table: 'SHADOW', prefix: 'KVM_X86_SHADOW_', doc: 'Interrupt shadows: `kvm_vcpu_events.interrupt.shadow`.' },
  { table: 'SREGS2_FLAGS', prefix: 'KVM_SREGS2_FLAGS_', doc: '`kvm_sregs2.flags`.' },
  { table: 'GUEST_DEBUG', prefix: 'KVM_GUESTDBG_', doc: 'Control bits of KVM_SET_GUEST_DEBUG.' },
  { table: 'CPUID_FLAG', prefix: 'KVM_CPUID_FLAG_', doc: 'Flags of a CPUID entry.' },
  {
    table: 'IRQCHIP',
    prefix: 'KVM_IRQCHIP_',
    doc: 'Interrupt controllers, for KVM_GET_IRQCHIP and routing entries.',
  },
  { table: 'IRQ_ROUTING', prefix: 'KVM_IRQ_ROUTING_', doc: 'Types of routing entries.', only: not(/XEN/) },
  { table: 'IRQFD', prefix: 'KVM_IRQFD_FLAG_', doc: 'Flags of KVM_IRQFD.' },
  {
    table: 'IOEVENTFD',
    prefix: 'KVM_IOEVENTFD_FLAG_',
    doc: 'Flags of KVM_IOEVENTFD.',
    only: just('DATAMATCH', 'PIO', 'DEASSIGN'),
  },
  { table: 'PIT_CONFIG', prefix: 'KVM_PIT_SPEAKER_', doc: 'Flags of KVM_CREATE_PIT2.' },
  { table: 'PIT_FLAGS', prefix: 'KVM_PIT_FLAGS_', doc: '`kvm_pit_state2.flags`.' },
  { table: 'CLOCK', prefix: 'KVM_CLOCK_', doc: '`kvm_clock_data.flags`.' },
  {
    table: 'DIRTY_LOG',
    prefix: 'KVM_DIRTY_LOG_',
    doc: 'Arguments of KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2; place of the ring.',
  },
  { table: 'DIRTY_GFN', prefix: 'KVM_DIRTY_GFN_F_', doc: '`kvm_dirty_gfn.flags`.' },
  { table: 'DISABLE_EXITS', prefix: 'KVM_X86_DISABLE_EXITS_', doc: 'Argument of KVM_CAP_X86_DISABLE_EXITS.' },
  { table: 'QUIRK', prefix: 'KVM_X86_QUIRK_', doc: 'Argument of KVM_CAP_DISABLE_QUIRKS2.' },
  { table: 'X2APIC_API', prefix: 'KVM_X2APIC_API_', doc: 'Argument of KVM_CAP_X2APIC_API.' },
  {
    table: 'MSR_EXIT',
    prefix: 'KVM_MSR_EXIT_REASON_',
    doc: 'Argument of KVM_CAP_X86_USER_SPACE_MSR.',
    only: not(/VALID/),
  },
  { table: 'MSR_FILTER', prefix: 'KVM_MSR_FILTER_', doc: 'KVM_X86_SET_MSR_FILTER.' },
  { table: 'BUS_LOCK', prefix: 'KVM_BUS_LOCK_DETECTION_', doc: 'Argument of KVM_CAP_X86_BUS_LOCK_EXIT.' },
  { table: 'NOTIFY_VMEXIT', prefix: 'KVM_X86_NOTIFY_VMEXIT_', doc: 'Argument of KVM_CAP_X86_NOTIFY_VMEXIT.' },
  { table: 'NESTED', prefix: 'KVM_STATE_NESTED_', doc: '`kvm_nested_state` formats, flags and sizes.' },
  {
    table: 'PMU_EVENT',
    prefix: 'KVM_PMU_EVENT_',
    doc: 'Actions and flags of a PMU event filter.',
    only: not(/MASK$|ENCODE/),
  },
  { table: 'PMU_CAP', prefix: 'KVM_PMU_CAP_', doc: 'Argument of KVM_CAP_PMU_CAPABILITY.' },
  {
    table: 'HYPERV_EVENTFD',
    prefix: 'KVM_HYPERV_',
    doc: 'KVM_HYPERV_EVENTFD.',
    only: just('CONN_ID_MASK', 'EVENTFD_DEASSIGN'),
  },
  { table: 'DEVICE_TYPE', prefix: 'KVM_DEV_TYPE_', doc: 'Devices for KVM_CREATE_DEVICE.', only: just('VFIO') },
  { table: 'DEVICE_FLAG', prefix: 'KVM_CREATE_DEVICE_', doc: 'Flags of KVM_CREATE_DEVICE.' },
  {
    table: 'VFIO',
    prefix: 'KVM_DEV_VFIO_',
    doc: 'Attributes of the VFIO device.',
    only: just('FILE', 'FILE_ADD', 'FILE_DEL'),
  },
  { table: 'VCPU_TSC', prefix: 'KVM_VCPU_TSC_', doc: 'Device attributes of a vCPU: its TSC.' },
  { table: 'XCOMP', prefix: 'KVM_X86_XCOMP_', doc: 'Attributes of the KVM descriptor itself.' },
  { table: 'STATS', prefix: 'KVM_STATS_', doc: '`kvm_stats_desc.flags`.' },
  {
    table: 'LIMITS',
    prefix: 'KVM_',
    doc: 'The version of the API, pages of the vCPU mapping, and sizes.',
    only: just(
      'API_VERSION',
      'PIO_PAGE_OFFSET',
      'COALESCED_MMIO_PAGE_OFFSET',
      'NR_INTERRUPTS',
      'IOAPIC_NUM_PINS',
      'APIC_REG_SIZE',
      'MAX_XCRS',
    ),
  },
];
