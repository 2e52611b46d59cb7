// Written by tools/kvm/generate.ts from linux/kvm.h and asm/kvm.h. Do not edit.

/** Capabilities, for KVM_CHECK_EXTENSION and KVM_ENABLE_CAP. */
export const CAP = Object.freeze({
  IRQCHIP: 0,
  HLT: 1,
  MMU_SHADOW_CACHE_CONTROL: 2,
  USER_MEMORY: 3,
  SET_TSS_ADDR: 4,
  VAPIC: 6,
  EXT_CPUID: 7,
  CLOCKSOURCE: 8,
  NR_VCPUS: 9,
  NR_MEMSLOTS: 10,
  PIT: 11,
  NOP_IO_DELAY: 12,
  PV_MMU: 13,
  MP_STATE: 14,
  COALESCED_MMIO: 15,
  SYNC_MMU: 16,
  IOMMU: 18,
  DESTROY_MEMORY_REGION_WORKS: 21,
  USER_NMI: 22,
  SET_GUEST_DEBUG: 23,
  REINJECT_CONTROL: 24,
  IRQ_ROUTING: 25,
  IRQ_INJECT_STATUS: 26,
  JOIN_MEMORY_REGIONS_WORKS: 30,
  MCE: 31,
  IRQFD: 32,
  PIT2: 33,
  SET_BOOT_CPU_ID: 34,
  PIT_STATE2: 35,
  IOEVENTFD: 36,
  SET_IDENTITY_MAP_ADDR: 37,
  XEN_HVM: 38,
  ADJUST_CLOCK: 39,
  INTERNAL_ERROR_DATA: 40,
  VCPU_EVENTS: 41,
  HYPERV: 44,
  HYPERV_VAPIC: 45,
  HYPERV_SPIN: 46,
  PCI_SEGMENT: 47,
  INTR_SHADOW: 49,
  DEBUGREGS: 50,
  X86_ROBUST_SINGLESTEP: 51,
  ENABLE_CAP: 54,
  XSAVE: 55,
  XCRS: 56,
  ASYNC_PF: 59,
  TSC_CONTROL: 60,
  GET_TSC_KHZ: 61,
  MAX_VCPUS: 66,
  TSC_DEADLINE_TIMER: 72,
  SYNC_REGS: 74,
  PCI_2_3: 75,
  KVMCLOCK_CTRL: 76,
  SIGNAL_MSI: 77,
  READONLY_MEM: 81,
  IRQFD_RESAMPLE: 82,
  DEVICE_CTRL: 89,
  EXT_EMUL_CPUID: 95,
  HYPERV_TIME: 96,
  IOAPIC_POLARITY_IGNORED: 97,
  ENABLE_CAP_VM: 98,
  IOEVENTFD_NO_LENGTH: 100,
  VM_ATTRIBUTES: 101,
  CHECK_EXTENSION_VM: 105,
  DISABLE_QUIRKS: 116,
  X86_SMM: 117,
  MULTI_ADDRESS_SPACE: 118,
  GUEST_DEBUG_HW_BPS: 119,
  GUEST_DEBUG_HW_WPS: 120,
  SPLIT_IRQCHIP: 121,
  IOEVENTFD_ANY_LENGTH: 122,
  HYPERV_SYNIC: 123,
  VCPU_ATTRIBUTES: 127,
  MAX_VCPU_ID: 128,
  X2APIC_API: 129,
  MSI_DEVID: 131,
  IMMEDIATE_EXIT: 136,
  X86_DISABLE_EXITS: 143,
  HYPERV_SYNIC2: 148,
  HYPERV_VP_INDEX: 149,
  GET_MSR_FEATURES: 153,
  HYPERV_EVENTFD: 154,
  HYPERV_TLBFLUSH: 155,
  NESTED_STATE: 157,
  MSR_PLATFORM_INFO: 159,
  HYPERV_SEND_IPI: 161,
  COALESCED_PIO: 162,
  HYPERV_ENLIGHTENED_VMCS: 163,
  EXCEPTION_PAYLOAD: 164,
  MANUAL_DIRTY_LOG_PROTECT: 166,
  HYPERV_CPUID: 167,
  MANUAL_DIRTY_LOG_PROTECT2: 168,
  PMU_EVENT_FILTER: 173,
  HYPERV_DIRECT_TLBFLUSH: 175,
  HALT_POLL: 182,
  ASYNC_PF_INT: 183,
  LAST_CPU: 184,
  SMALLER_MAXPHYADDR: 185,
  STEAL_TIME: 187,
  X86_USER_SPACE_MSR: 188,
  X86_MSR_FILTER: 189,
  ENFORCE_PV_FEATURE_CPUID: 190,
  SYS_HYPERV_CPUID: 191,
  DIRTY_LOG_RING: 192,
  X86_BUS_LOCK_EXIT: 193,
  SET_GUEST_DEBUG2: 195,
  SGX_ATTRIBUTE: 196,
  VM_COPY_ENC_CONTEXT_FROM: 197,
  PTP_KVM: 198,
  HYPERV_ENFORCE_CPUID: 199,
  SREGS2: 200,
  EXIT_HYPERCALL: 201,
  BINARY_STATS_FD: 203,
  EXIT_ON_EMULATION_FAILURE: 204,
  VM_MOVE_ENC_CONTEXT_FROM: 206,
  VM_GPA_BITS: 207,
  XSAVE2: 208,
  SYS_ATTRIBUTES: 209,
  PMU_CAPABILITY: 212,
  DISABLE_QUIRKS2: 213,
  VM_TSC_CONTROL: 214,
  SYSTEM_EVENT_DATA: 215,
  X86_TRIPLE_FAULT_EVENT: 218,
  X86_NOTIFY_VMEXIT: 219,
  VM_DISABLE_NX_HUGE_PAGES: 220,
  DIRTY_LOG_RING_ACQ_REL: 223,
  DIRTY_LOG_RING_WITH_BITMAP: 225,
  PMU_EVENT_MASKED_EVENTS: 226,
  USER_MEMORY2: 231,
  MEMORY_FAULT_INFO: 232,
  MEMORY_ATTRIBUTES: 233,
  GUEST_MEMFD: 234,
  VM_TYPES: 235,
  PRE_FAULT_MEMORY: 236,
  X86_APIC_BUS_CYCLES_NS: 237,
  X86_GUEST_MODE: 238,
});

/** Why KVM_RUN came back: `kvm_run.exit_reason`. */
export const EXIT = Object.freeze({
  HYPERCALL_LONG_MODE: 1,
  UNKNOWN: 0,
  EXCEPTION: 1,
  IO: 2,
  HYPERCALL: 3,
  DEBUG: 4,
  HLT: 5,
  MMIO: 6,
  IRQ_WINDOW_OPEN: 7,
  SHUTDOWN: 8,
  FAIL_ENTRY: 9,
  INTR: 10,
  SET_TPR: 11,
  TPR_ACCESS: 12,
  NMI: 16,
  INTERNAL_ERROR: 17,
  WATCHDOG: 21,
  SYSTEM_EVENT: 24,
  IOAPIC_EOI: 26,
  HYPERV: 27,
  X86_RDMSR: 29,
  X86_WRMSR: 30,
  DIRTY_RING_FULL: 31,
  AP_RESET_HOLD: 32,
  X86_BUS_LOCK: 33,
  XEN: 34,
  NOTIFY: 37,
  MEMORY_FAULT: 39,
});

/** Direction of a port access: `kvm_run.io.direction`. */
export const IO = Object.freeze({
  IN: 0,
  OUT: 1,
});

/** Type of a Hyper-V exit. */
export const HYPERV_EXIT = Object.freeze({
  SYNIC: 1,
  HCALL: 2,
  SYNDBG: 3,
});

/** Suberrors of KVM_EXIT_INTERNAL_ERROR. */
export const INTERNAL_ERROR = Object.freeze({
  EMULATION: 1,
  SIMUL_EX: 2,
  DELIVERY_EV: 3,
  UNEXPECTED_EXIT_REASON: 4,
});

/** What an emulation failure reports. */
export const EMULATION_FAILURE = Object.freeze({
  INSTRUCTION_BYTES: 1,
});

/** Types of KVM_EXIT_SYSTEM_EVENT. */
export const SYSTEM_EVENT = Object.freeze({
  SHUTDOWN: 1,
  RESET: 2,
  CRASH: 3,
  WAKEUP: 4,
  SUSPEND: 5,
  SEV_TERM: 6,
});

/** `kvm_run.flags`. */
export const RUN_FLAGS = Object.freeze({
  SMM: 1,
  BUS_LOCK: 2,
  GUEST_MODE: 4,
});

/** Flags of a memory slot. */
export const MEM = Object.freeze({
  LOG_DIRTY_PAGES: 1,
  READONLY: 2,
  GUEST_MEMFD: 4,
});

/** Attributes of guest memory. */
export const MEMORY_ATTRIBUTE = Object.freeze({
  PRIVATE: 8,
});

/** Flags of KVM_EXIT_MEMORY_FAULT. */
export const MEMORY_EXIT_FLAG = Object.freeze({
  PRIVATE: 8,
});

/** What a vCPU is doing. */
export const MP_STATE = Object.freeze({
  RUNNABLE: 0,
  UNINITIALIZED: 1,
  INIT_RECEIVED: 2,
  HALTED: 3,
  SIPI_RECEIVED: 4,
  AP_RESET_HOLD: 9,
});

/** Register sets that `kvm_run` can carry. */
export const SYNC = Object.freeze({
  REGS: 1,
  SREGS: 2,
  EVENTS: 4,
});

/** Valid parts of `kvm_vcpu_events`. */
export const VCPU_EVENT = Object.freeze({
  NMI_PENDING: 1,
  SIPI_VECTOR: 2,
  SHADOW: 4,
  SMM: 8,
  PAYLOAD: 16,
  TRIPLE_FAULT: 32,
});

/** Interrupt shadows: `kvm_vcpu_events.interrupt.shadow`. */
export const SHADOW = Object.freeze({
  INT_MOV_SS: 1,
  INT_STI: 2,
});

/** `kvm_sregs2.flags`. */
export const SREGS2_FLAGS = Object.freeze({
  PDPTRS_VALID: 1,
});

/** Control bits of KVM_SET_GUEST_DEBUG. */
export const GUEST_DEBUG = Object.freeze({
  USE_SW_BP: 0x10000,
  USE_HW_BP: 0x20000,
  INJECT_DB: 0x40000,
  INJECT_BP: 0x80000,
  BLOCKIRQ: 0x100000,
  ENABLE: 1,
  SINGLESTEP: 2,
});

/** Flags of a CPUID entry. */
export const CPUID_FLAG = Object.freeze({
  SIGNIFCANT_INDEX: 1,
  STATEFUL_FUNC: 2,
  STATE_READ_NEXT: 4,
});

/** Interrupt controllers, for KVM_GET_IRQCHIP and routing entries. */
export const IRQCHIP = Object.freeze({
  PIC_MASTER: 0,
  PIC_SLAVE: 1,
  IOAPIC: 2,
});

/** Types of routing entries. */
export const IRQ_ROUTING = Object.freeze({
  IRQCHIP: 1,
  MSI: 2,
  HV_SINT: 4,
});

/** Flags of KVM_IRQFD. */
export const IRQFD = Object.freeze({
  DEASSIGN: 1,
  RESAMPLE: 2,
});

/** Flags of KVM_IOEVENTFD. */
export const IOEVENTFD = Object.freeze({
  DATAMATCH: 1,
  PIO: 2,
  DEASSIGN: 4,
});

/** Flags of KVM_CREATE_PIT2. */
export const PIT_CONFIG = Object.freeze({
  DUMMY: 1,
});

/** `kvm_pit_state2.flags`. */
export const PIT_FLAGS = Object.freeze({
  HPET_LEGACY: 1,
  SPEAKER_DATA_ON: 2,
});

/** `kvm_clock_data.flags`. */
export const CLOCK = Object.freeze({
  TSC_STABLE: 2,
  REALTIME: 4,
  HOST_TSC: 8,
});

/** Arguments of KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2; place of the ring. */
export const DIRTY_LOG = Object.freeze({
  PAGE_OFFSET: 64,
  MANUAL_PROTECT_ENABLE: 1,
  INITIALLY_SET: 2,
});

/** `kvm_dirty_gfn.flags`. */
export const DIRTY_GFN = Object.freeze({
  DIRTY: 1,
  RESET: 2,
  MASK: 3,
});

/** Argument of KVM_CAP_X86_DISABLE_EXITS. */
export const DISABLE_EXITS = Object.freeze({
  MWAIT: 1,
  HLT: 2,
  PAUSE: 4,
  CSTATE: 8,
});

/** Argument of KVM_CAP_DISABLE_QUIRKS2. */
export const QUIRK = Object.freeze({
  LINT0_REENABLED: 1,
  CD_NW_CLEARED: 2,
  LAPIC_MMIO_HOLE: 4,
  OUT_7E_INC_RIP: 8,
  MISC_ENABLE_NO_MWAIT: 16,
  FIX_HYPERCALL_INSN: 32,
  MWAIT_NEVER_UD_FAULTS: 64,
  SLOT_ZAP_ALL: 128,
  STUFF_FEATURE_MSRS: 256,
  IGNORE_GUEST_PAT: 512,
  VMCS12_ALLOW_FREEZE_IN_SMM: 1024,
});

/** Argument of KVM_CAP_X2APIC_API. */
export const X2APIC_API = Object.freeze({
  USE_32BIT_IDS: 1,
  DISABLE_BROADCAST_QUIRK: 2,
});

/** Argument of KVM_CAP_X86_USER_SPACE_MSR. */
export const MSR_EXIT = Object.freeze({
  INVAL: 1,
  UNKNOWN: 2,
  FILTER: 4,
});

/** KVM_X86_SET_MSR_FILTER. */
export const MSR_FILTER = Object.freeze({
  MAX_BITMAP_SIZE: 1536,
  READ: 1,
  WRITE: 2,
  RANGE_VALID_MASK: 3,
  MAX_RANGES: 16,
  DEFAULT_ALLOW: 0,
  DEFAULT_DENY: 1,
  VALID_MASK: 1,
});

/** Argument of KVM_CAP_X86_BUS_LOCK_EXIT. */
export const BUS_LOCK = Object.freeze({
  OFF: 1,
  EXIT: 2,
});

/** Argument of KVM_CAP_X86_NOTIFY_VMEXIT. */
export const NOTIFY_VMEXIT = Object.freeze({
  ENABLED: 1,
  USER: 2,
});

/** `kvm_nested_state` formats, flags and sizes. */
export const NESTED = Object.freeze({
  FORMAT_VMX: 0,
  FORMAT_SVM: 1,
  GUEST_MODE: 1,
  RUN_PENDING: 2,
  EVMCS: 4,
  MTF_PENDING: 8,
  GIF_SET: 256,
  SMM_GUEST_MODE: 1,
  SMM_VMXON: 2,
  VMX_VMCS_SIZE: 0x1000,
  SVM_VMCB_SIZE: 0x1000,
});

/** Actions and flags of a PMU event filter. */
export const PMU_EVENT = Object.freeze({
  ALLOW: 0,
  DENY: 1,
  FLAG_MASKED_EVENTS: 1,
});

/** Argument of KVM_CAP_PMU_CAPABILITY. */
export const PMU_CAP = Object.freeze({
  DISABLE: 1,
});

/** KVM_HYPERV_EVENTFD. */
export const HYPERV_EVENTFD = Object.freeze({
  CONN_ID_MASK: 0xffffff,
  EVENTFD_DEASSIGN: 1,
});

/** Devices for KVM_CREATE_DEVICE. */
export const DEVICE_TYPE = Object.freeze({
  VFIO: 4,
});

/** Flags of KVM_CREATE_DEVICE. */
export const DEVICE_FLAG = Object.freeze({
  TEST: 1,
});

/** Attributes of the VFIO device. */
export const VFIO = Object.freeze({
  FILE: 1,
  FILE_ADD: 1,
  FILE_DEL: 2,
});

/** Device attributes of a vCPU: its TSC. */
export const VCPU_TSC = Object.freeze({
  CTRL: 0,
  OFFSET: 0,
});

/** Attributes of the KVM descriptor itself. */
export const XCOMP = Object.freeze({
  GUEST_SUPP: 0,
});

/** `kvm_stats_desc.flags`. */
export const STATS = Object.freeze({
  TYPE_SHIFT: 0,
  TYPE_MASK: 15,
  TYPE_CUMULATIVE: 0,
  TYPE_INSTANT: 1,
  TYPE_PEAK: 2,
  TYPE_LINEAR_HIST: 3,
  TYPE_LOG_HIST: 4,
  TYPE_MAX: 4,
  UNIT_SHIFT: 4,
  UNIT_MASK: 240,
  UNIT_NONE: 0,
  UNIT_BYTES: 16,
  UNIT_SECONDS: 32,
  UNIT_CYCLES: 48,
  UNIT_BOOLEAN: 64,
  UNIT_MAX: 64,
  BASE_SHIFT: 8,
  BASE_MASK: 3840,
  BASE_POW10: 0,
  BASE_POW2: 256,
  BASE_MAX: 256,
});

/** The version of the API, pages of the vCPU mapping, and sizes. */
export const LIMITS = Object.freeze({
  PIO_PAGE_OFFSET: 1,
  COALESCED_MMIO_PAGE_OFFSET: 2,
  NR_INTERRUPTS: 256,
  IOAPIC_NUM_PINS: 24,
  APIC_REG_SIZE: 1024,
  MAX_XCRS: 16,
  API_VERSION: 12,
});
