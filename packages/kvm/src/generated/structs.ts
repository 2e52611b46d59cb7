// Written by tools/kvm/generate.ts from linux/kvm.h and asm/kvm.h. Do not edit.

import { bytes, list, nested, overlay, s16, s32, s64, struct, tail, u8, u16, u32, u64 } from '../layout.ts';

/** `struct kvm_pic_state`. */
export const kvm_pic_state = struct('kvm_pic_state', 16, {
  last_irr: u8(0),
  irr: u8(1),
  imr: u8(2),
  isr: u8(3),
  priority_add: u8(4),
  irq_base: u8(5),
  read_reg_select: u8(6),
  poll: u8(7),
  special_mask: u8(8),
  init_state: u8(9),
  auto_eoi: u8(10),
  rotate_on_auto_eoi: u8(11),
  special_fully_nested_mode: u8(12),
  init4: u8(13),
  elcr: u8(14),
  elcr_mask: u8(15),
});

/** `struct kvm_ioapic_state`. */
export const kvm_ioapic_state = struct('kvm_ioapic_state', 216, {
  base_address: u64(0),
  ioregsel: u32(8),
  id: u32(12),
  irr: u32(16),
  redirtbl: list(24, 24, (at) =>
    nested(
      at,
      struct('redirtbl', 8, {
        bits: u64(0),
      }),
    ),
  ),
});

/** `struct kvm_regs`. */
export const kvm_regs = struct('kvm_regs', 144, {
  rax: u64(0),
  rbx: u64(8),
  rcx: u64(16),
  rdx: u64(24),
  rsi: u64(32),
  rdi: u64(40),
  rsp: u64(48),
  rbp: u64(56),
  r8: u64(64),
  r9: u64(72),
  r10: u64(80),
  r11: u64(88),
  r12: u64(96),
  r13: u64(104),
  r14: u64(112),
  r15: u64(120),
  rip: u64(128),
  rflags: u64(136),
});

/** `struct kvm_lapic_state`. */
export const kvm_lapic_state = struct('kvm_lapic_state', 1024, {
  regs: bytes(0, 1024),
});

/** `struct kvm_segment`. */
export const kvm_segment = struct('kvm_segment', 24, {
  base: u64(0),
  limit: u32(8),
  selector: u16(12),
  type: u8(14),
  present: u8(15),
  dpl: u8(16),
  db: u8(17),
  s: u8(18),
  l: u8(19),
  g: u8(20),
  avl: u8(21),
  unusable: u8(22),
});

/** `struct kvm_dtable`. */
export const kvm_dtable = struct('kvm_dtable', 16, {
  base: u64(0),
  limit: u16(8),
});

/** `struct kvm_sregs`. */
export const kvm_sregs = struct('kvm_sregs', 312, {
  cs: nested(0, kvm_segment),
  ds: nested(24, kvm_segment),
  es: nested(48, kvm_segment),
  fs: nested(72, kvm_segment),
  gs: nested(96, kvm_segment),
  ss: nested(120, kvm_segment),
  tr: nested(144, kvm_segment),
  ldt: nested(168, kvm_segment),
  gdt: nested(192, kvm_dtable),
  idt: nested(208, kvm_dtable),
  cr0: u64(224),
  cr2: u64(232),
  cr3: u64(240),
  cr4: u64(248),
  cr8: u64(256),
  efer: u64(264),
  apic_base: u64(272),
  interrupt_bitmap: list(280, 4, u64),
});

/** `struct kvm_sregs2`. */
export const kvm_sregs2 = struct('kvm_sregs2', 320, {
  cs: nested(0, kvm_segment),
  ds: nested(24, kvm_segment),
  es: nested(48, kvm_segment),
  fs: nested(72, kvm_segment),
  gs: nested(96, kvm_segment),
  ss: nested(120, kvm_segment),
  tr: nested(144, kvm_segment),
  ldt: nested(168, kvm_segment),
  gdt: nested(192, kvm_dtable),
  idt: nested(208, kvm_dtable),
  cr0: u64(224),
  cr2: u64(232),
  cr3: u64(240),
  cr4: u64(248),
  cr8: u64(256),
  efer: u64(264),
  apic_base: u64(272),
  flags: u64(280),
  pdptrs: list(288, 4, u64),
});

/** `struct kvm_fpu`. */
export const kvm_fpu = struct('kvm_fpu', 416, {
  fpr: list(0, 8, (at) => bytes(at, 16)),
  fcw: u16(128),
  fsw: u16(130),
  ftwx: u8(132),
  last_opcode: u16(134),
  last_ip: u64(136),
  last_dp: u64(144),
  xmm: list(152, 16, (at) => bytes(at, 16)),
  mxcsr: u32(408),
});

/** `struct kvm_msr_entry`. */
export const kvm_msr_entry = struct('kvm_msr_entry', 16, {
  index: u32(0),
  data: u64(8),
});

/** `struct kvm_msrs`. */
export const kvm_msrs = struct('kvm_msrs', 8, {
  nmsrs: u32(0),
  entries: tail(8, (at) => nested(at, kvm_msr_entry)),
});

/** `struct kvm_msr_list`. */
export const kvm_msr_list = struct('kvm_msr_list', 4, {
  nmsrs: u32(0),
  indices: tail(4, u32),
});

/** `struct kvm_msr_filter_range`. */
export const kvm_msr_filter_range = struct('kvm_msr_filter_range', 24, {
  flags: u32(0),
  nmsrs: u32(4),
  base: u32(8),
  bitmap: u64(16),
});

/** `struct kvm_msr_filter`. */
export const kvm_msr_filter = struct('kvm_msr_filter', 392, {
  flags: u32(0),
  ranges: list(8, 16, (at) => nested(at, kvm_msr_filter_range)),
});

/** `struct kvm_cpuid_entry2`. */
export const kvm_cpuid_entry2 = struct('kvm_cpuid_entry2', 40, {
  function: u32(0),
  index: u32(4),
  flags: u32(8),
  eax: u32(12),
  ebx: u32(16),
  ecx: u32(20),
  edx: u32(24),
});

/** `struct kvm_cpuid2`. */
export const kvm_cpuid2 = struct('kvm_cpuid2', 8, {
  nent: u32(0),
  entries: tail(8, (at) => nested(at, kvm_cpuid_entry2)),
});

/** `struct kvm_pit_channel_state`. */
export const kvm_pit_channel_state = struct('kvm_pit_channel_state', 24, {
  count: u32(0),
  latched_count: u16(4),
  count_latched: u8(6),
  status_latched: u8(7),
  status: u8(8),
  read_state: u8(9),
  write_state: u8(10),
  write_latch: u8(11),
  rw_mode: u8(12),
  mode: u8(13),
  bcd: u8(14),
  gate: u8(15),
  count_load_time: s64(16),
});

/** `struct kvm_debug_exit_arch`. */
export const kvm_debug_exit_arch = struct('kvm_debug_exit_arch', 32, {
  exception: u32(0),
  pc: u64(8),
  dr6: u64(16),
  dr7: u64(24),
});

/** `struct kvm_guest_debug_arch`. */
export const kvm_guest_debug_arch = struct('kvm_guest_debug_arch', 64, {
  debugreg: list(0, 8, u64),
});

/** `struct kvm_pit_state`. */
export const kvm_pit_state = struct('kvm_pit_state', 72, {
  channels: list(0, 3, (at) => nested(at, kvm_pit_channel_state)),
});

/** `struct kvm_pit_state2`. */
export const kvm_pit_state2 = struct('kvm_pit_state2', 112, {
  channels: list(0, 3, (at) => nested(at, kvm_pit_channel_state)),
  flags: u32(72),
});

/** `struct kvm_reinject_control`. */
export const kvm_reinject_control = struct('kvm_reinject_control', 32, {
  pit_reinject: u8(0),
});

/** `struct kvm_vcpu_events`. */
export const kvm_vcpu_events = struct('kvm_vcpu_events', 64, {
  exception: nested(
    0,
    struct('exception', 8, {
      injected: u8(0),
      nr: u8(1),
      has_error_code: u8(2),
      pending: u8(3),
      error_code: u32(4),
    }),
  ),
  interrupt: nested(
    8,
    struct('interrupt', 4, {
      injected: u8(0),
      nr: u8(1),
      soft: u8(2),
      shadow: u8(3),
    }),
  ),
  nmi: nested(
    12,
    struct('nmi', 4, {
      injected: u8(0),
      pending: u8(1),
      masked: u8(2),
    }),
  ),
  sipi_vector: u32(16),
  flags: u32(20),
  smi: nested(
    24,
    struct('smi', 4, {
      smm: u8(0),
      pending: u8(1),
      smm_inside_nmi: u8(2),
      latched_init: u8(3),
    }),
  ),
  triple_fault: nested(
    28,
    struct('triple_fault', 1, {
      pending: u8(0),
    }),
  ),
  exception_has_payload: u8(55),
  exception_payload: u64(56),
});

/** `struct kvm_debugregs`. */
export const kvm_debugregs = struct('kvm_debugregs', 128, {
  db: list(0, 4, u64),
  dr6: u64(32),
  dr7: u64(40),
  flags: u64(48),
});

/** `struct kvm_xsave`. */
export const kvm_xsave = struct('kvm_xsave', 4096, {
  region: list(0, 1024, u32),
  extra: tail(4096, u32),
});

/** `struct kvm_xcr`. */
export const kvm_xcr = struct('kvm_xcr', 16, {
  xcr: u32(0),
  value: u64(8),
});

/** `struct kvm_xcrs`. */
export const kvm_xcrs = struct('kvm_xcrs', 392, {
  nr_xcrs: u32(0),
  flags: u32(4),
  xcrs: list(8, 16, (at) => nested(at, kvm_xcr)),
});

/** `struct kvm_sync_regs`. */
export const kvm_sync_regs = struct('kvm_sync_regs', 520, {
  regs: nested(0, kvm_regs),
  sregs: nested(144, kvm_sregs),
  events: nested(456, kvm_vcpu_events),
});

/** `struct kvm_vmx_nested_state_data`. */
export const kvm_vmx_nested_state_data = struct('kvm_vmx_nested_state_data', 8192, {
  vmcs12: bytes(0, 4096),
  shadow_vmcs12: bytes(4096, 4096),
});

/** `struct kvm_vmx_nested_state_hdr`. */
export const kvm_vmx_nested_state_hdr = struct('kvm_vmx_nested_state_hdr', 32, {
  vmxon_pa: u64(0),
  vmcs12_pa: u64(8),
  smm: nested(
    16,
    struct('smm', 2, {
      flags: u16(0),
    }),
  ),
  flags: u32(20),
  preemption_timer_deadline: u64(24),
});

/** `struct kvm_svm_nested_state_data`. */
export const kvm_svm_nested_state_data = struct('kvm_svm_nested_state_data', 4096, {
  vmcb12: bytes(0, 4096),
});

/** `struct kvm_svm_nested_state_hdr`. */
export const kvm_svm_nested_state_hdr = struct('kvm_svm_nested_state_hdr', 8, {
  vmcb_pa: u64(0),
});

/** `struct kvm_nested_state`. */
export const kvm_nested_state = struct('kvm_nested_state', 128, {
  flags: u16(0),
  format: u16(2),
  size: u32(4),
  hdr: nested(
    8,
    struct('hdr', 120, {
      vmx: nested(0, kvm_vmx_nested_state_hdr),
      svm: overlay(nested(0, kvm_svm_nested_state_hdr)),
    }),
  ),
  data: nested(
    128,
    struct('data', 0, {
      vmx: tail(0, (at) => nested(at, kvm_vmx_nested_state_data)),
      svm: tail(0, (at) => nested(at, kvm_svm_nested_state_data)),
    }),
  ),
});

/** `struct kvm_pmu_event_filter`. */
export const kvm_pmu_event_filter = struct('kvm_pmu_event_filter', 32, {
  action: u32(0),
  nevents: u32(4),
  fixed_counter_bitmap: u32(8),
  flags: u32(12),
  events: tail(32, u64),
});

/** `struct kvm_x86_mce`. */
export const kvm_x86_mce = struct('kvm_x86_mce', 64, {
  status: u64(0),
  addr: u64(8),
  misc: u64(16),
  mcg_status: u64(24),
  bank: u8(32),
});

/** `struct kvm_hyperv_eventfd`. */
export const kvm_hyperv_eventfd = struct('kvm_hyperv_eventfd', 24, {
  conn_id: u32(0),
  fd: s32(4),
  flags: u32(8),
});

/** `struct kvm_userspace_memory_region`. */
export const kvm_userspace_memory_region = struct('kvm_userspace_memory_region', 32, {
  slot: u32(0),
  flags: u32(4),
  guest_phys_addr: u64(8),
  memory_size: u64(16),
  userspace_addr: u64(24),
});

/** `struct kvm_userspace_memory_region2`. */
export const kvm_userspace_memory_region2 = struct('kvm_userspace_memory_region2', 160, {
  slot: u32(0),
  flags: u32(4),
  guest_phys_addr: u64(8),
  memory_size: u64(16),
  userspace_addr: u64(24),
  guest_memfd_offset: u64(32),
  guest_memfd: u32(40),
});

/** `struct kvm_irq_level`. */
export const kvm_irq_level = struct('kvm_irq_level', 8, {
  irq: u32(0),
  status: overlay(s32(0)),
  level: u32(4),
});

/** `struct kvm_irqchip`. */
export const kvm_irqchip = struct('kvm_irqchip', 520, {
  chip_id: u32(0),
  chip: nested(
    8,
    struct('chip', 512, {
      pic: nested(0, kvm_pic_state),
      ioapic: overlay(nested(0, kvm_ioapic_state)),
    }),
  ),
});

/** `struct kvm_pit_config`. */
export const kvm_pit_config = struct('kvm_pit_config', 64, {
  flags: u32(0),
});

/** `struct kvm_hyperv_exit`. */
export const kvm_hyperv_exit = struct('kvm_hyperv_exit', 56, {
  type: u32(0),
  u: nested(
    8,
    struct('u', 48, {
      synic: nested(
        0,
        struct('synic', 32, {
          msr: u32(0),
          control: u64(8),
          evt_page: u64(16),
          msg_page: u64(24),
        }),
      ),
      hcall: overlay(
        nested(
          0,
          struct('hcall', 32, {
            input: u64(0),
            result: u64(8),
            params: list(16, 2, u64),
          }),
        ),
      ),
      syndbg: overlay(
        nested(
          0,
          struct('syndbg', 48, {
            msr: u32(0),
            control: u64(8),
            status: u64(16),
            send_page: u64(24),
            recv_page: u64(32),
            pending_page: u64(40),
          }),
        ),
      ),
    }),
  ),
});

/** `struct kvm_run`. */
export const kvm_run = struct('kvm_run', 2352, {
  request_interrupt_window: u8(0),
  immediate_exit: u8(1),
  exit_reason: u32(8),
  ready_for_interrupt_injection: u8(12),
  if_flag: u8(13),
  flags: u16(14),
  cr8: u64(16),
  apic_base: u64(24),
  hw: nested(
    32,
    struct('hw', 8, {
      hardware_exit_reason: u64(0),
    }),
  ),
  fail_entry: overlay(
    nested(
      32,
      struct('fail_entry', 16, {
        hardware_entry_failure_reason: u64(0),
        cpu: u32(8),
      }),
    ),
  ),
  ex: overlay(
    nested(
      32,
      struct('ex', 8, {
        exception: u32(0),
        error_code: u32(4),
      }),
    ),
  ),
  io: overlay(
    nested(
      32,
      struct('io', 16, {
        direction: u8(0),
        size: u8(1),
        port: u16(2),
        count: u32(4),
        data_offset: u64(8),
      }),
    ),
  ),
  debug: overlay(
    nested(
      32,
      struct('debug', 32, {
        arch: nested(0, kvm_debug_exit_arch),
      }),
    ),
  ),
  mmio: overlay(
    nested(
      32,
      struct('mmio', 24, {
        phys_addr: u64(0),
        data: bytes(8, 8),
        len: u32(16),
        is_write: u8(20),
      }),
    ),
  ),
  hypercall: overlay(
    nested(
      32,
      struct('hypercall', 72, {
        nr: u64(0),
        args: list(8, 6, u64),
        ret: u64(56),
        longmode: u32(64),
        flags: overlay(u64(64)),
      }),
    ),
  ),
  tpr_access: overlay(
    nested(
      32,
      struct('tpr_access', 16, {
        rip: u64(0),
        is_write: u32(8),
      }),
    ),
  ),
  internal: overlay(
    nested(
      32,
      struct('internal', 136, {
        suberror: u32(0),
        ndata: u32(4),
        data: list(8, 16, u64),
      }),
    ),
  ),
  emulation_failure: overlay(
    nested(
      32,
      struct('emulation_failure', 32, {
        suberror: u32(0),
        ndata: u32(4),
        flags: u64(8),
        insn_size: u8(16),
        insn_bytes: bytes(17, 15),
      }),
    ),
  ),
  system_event: overlay(
    nested(
      32,
      struct('system_event', 136, {
        type: u32(0),
        ndata: u32(4),
        flags: u64(8),
        data: overlay(list(8, 16, u64)),
      }),
    ),
  ),
  eoi: overlay(
    nested(
      32,
      struct('eoi', 1, {
        vector: u8(0),
      }),
    ),
  ),
  hyperv: overlay(nested(32, kvm_hyperv_exit)),
  msr: overlay(
    nested(
      32,
      struct('msr', 24, {
        error: u8(0),
        reason: u32(8),
        index: u32(12),
        data: u64(16),
      }),
    ),
  ),
  notify: overlay(
    nested(
      32,
      struct('notify', 4, {
        flags: u32(0),
      }),
    ),
  ),
  memory_fault: overlay(
    nested(
      32,
      struct('memory_fault', 24, {
        flags: u64(0),
        gpa: u64(8),
        size: u64(16),
      }),
    ),
  ),
  kvm_valid_regs: u64(288),
  kvm_dirty_regs: u64(296),
  s: nested(
    304,
    struct('s', 2048, {
      regs: nested(0, kvm_sync_regs),
    }),
  ),
});

/** `struct kvm_coalesced_mmio_zone`. */
export const kvm_coalesced_mmio_zone = struct('kvm_coalesced_mmio_zone', 16, {
  addr: u64(0),
  size: u32(8),
  pio: u32(12),
});

/** `struct kvm_coalesced_mmio`. */
export const kvm_coalesced_mmio = struct('kvm_coalesced_mmio', 24, {
  phys_addr: u64(0),
  len: u32(8),
  pio: u32(12),
  data: bytes(16, 8),
});

/** `struct kvm_coalesced_mmio_ring`. */
export const kvm_coalesced_mmio_ring = struct('kvm_coalesced_mmio_ring', 8, {
  first: u32(0),
  last: u32(4),
  coalesced_mmio: tail(8, (at) => nested(at, kvm_coalesced_mmio)),
});

/** `struct kvm_translation`. */
export const kvm_translation = struct('kvm_translation', 24, {
  linear_address: u64(0),
  physical_address: u64(8),
  valid: u8(16),
  writeable: u8(17),
  usermode: u8(18),
});

/** `struct kvm_interrupt`. */
export const kvm_interrupt = struct('kvm_interrupt', 4, {
  irq: u32(0),
});

/** `struct kvm_dirty_log`. */
export const kvm_dirty_log = struct('kvm_dirty_log', 16, {
  slot: u32(0),
  dirty_bitmap: u64(8),
});

/** `struct kvm_clear_dirty_log`. */
export const kvm_clear_dirty_log = struct('kvm_clear_dirty_log', 24, {
  slot: u32(0),
  num_pages: u32(4),
  first_page: u64(8),
  dirty_bitmap: u64(16),
});

/** `struct kvm_signal_mask`. */
export const kvm_signal_mask = struct('kvm_signal_mask', 4, {
  len: u32(0),
  sigset: tail(4, u8),
});

/** `struct kvm_tpr_access_ctl`. */
export const kvm_tpr_access_ctl = struct('kvm_tpr_access_ctl', 40, {
  enabled: u32(0),
  flags: u32(4),
});

/** `struct kvm_vapic_addr`. */
export const kvm_vapic_addr = struct('kvm_vapic_addr', 8, {
  vapic_addr: u64(0),
});

/** `struct kvm_mp_state`. */
export const kvm_mp_state = struct('kvm_mp_state', 4, {
  mp_state: u32(0),
});

/** `struct kvm_guest_debug`. */
export const kvm_guest_debug = struct('kvm_guest_debug', 72, {
  control: u32(0),
  arch: nested(8, kvm_guest_debug_arch),
});

/** `struct kvm_ioeventfd`. */
export const kvm_ioeventfd = struct('kvm_ioeventfd', 64, {
  datamatch: u64(0),
  addr: u64(8),
  len: u32(16),
  fd: s32(20),
  flags: u32(24),
});

/** `struct kvm_enable_cap`. */
export const kvm_enable_cap = struct('kvm_enable_cap', 104, {
  cap: u32(0),
  flags: u32(4),
  args: list(8, 4, u64),
});

/** `struct kvm_irq_routing_irqchip`. */
export const kvm_irq_routing_irqchip = struct('kvm_irq_routing_irqchip', 8, {
  irqchip: u32(0),
  pin: u32(4),
});

/** `struct kvm_irq_routing_msi`. */
export const kvm_irq_routing_msi = struct('kvm_irq_routing_msi', 16, {
  address_lo: u32(0),
  address_hi: u32(4),
  data: u32(8),
  devid: u32(12),
});

/** `struct kvm_irq_routing_hv_sint`. */
export const kvm_irq_routing_hv_sint = struct('kvm_irq_routing_hv_sint', 8, {
  vcpu: u32(0),
  sint: u32(4),
});

/** `struct kvm_irq_routing_entry`. */
export const kvm_irq_routing_entry = struct('kvm_irq_routing_entry', 48, {
  gsi: u32(0),
  type: u32(4),
  flags: u32(8),
  u: nested(
    16,
    struct('u', 32, {
      irqchip: nested(0, kvm_irq_routing_irqchip),
      msi: overlay(nested(0, kvm_irq_routing_msi)),
      hv_sint: overlay(nested(0, kvm_irq_routing_hv_sint)),
    }),
  ),
});

/** `struct kvm_irq_routing`. */
export const kvm_irq_routing = struct('kvm_irq_routing', 8, {
  nr: u32(0),
  flags: u32(4),
  entries: tail(8, (at) => nested(at, kvm_irq_routing_entry)),
});

/** `struct kvm_irqfd`. */
export const kvm_irqfd = struct('kvm_irqfd', 32, {
  fd: u32(0),
  gsi: u32(4),
  flags: u32(8),
  resamplefd: u32(12),
});

/** `struct kvm_clock_data`. */
export const kvm_clock_data = struct('kvm_clock_data', 48, {
  clock: u64(0),
  flags: u32(8),
  realtime: u64(16),
  host_tsc: u64(24),
});

/** `struct kvm_msi`. */
export const kvm_msi = struct('kvm_msi', 32, {
  address_lo: u32(0),
  address_hi: u32(4),
  data: u32(8),
  flags: u32(12),
  devid: u32(16),
});

/** `struct kvm_create_device`. */
export const kvm_create_device = struct('kvm_create_device', 12, {
  type: u32(0),
  fd: u32(4),
  flags: u32(8),
});

/** `struct kvm_device_attr`. */
export const kvm_device_attr = struct('kvm_device_attr', 24, {
  flags: u32(0),
  group: u32(4),
  attr: u64(8),
  addr: u64(16),
});

/** `struct kvm_dirty_gfn`. */
export const kvm_dirty_gfn = struct('kvm_dirty_gfn', 16, {
  flags: u32(0),
  slot: u32(4),
  offset: u64(8),
});

/** `struct kvm_stats_header`. */
export const kvm_stats_header = struct('kvm_stats_header', 24, {
  flags: u32(0),
  name_size: u32(4),
  num_desc: u32(8),
  id_offset: u32(12),
  desc_offset: u32(16),
  data_offset: u32(20),
});

/** `struct kvm_stats_desc`. */
export const kvm_stats_desc = struct('kvm_stats_desc', 16, {
  flags: u32(0),
  exponent: s16(4),
  size: u16(6),
  offset: u32(8),
  bucket_size: u32(12),
  name: tail(16, u8),
});

/** `struct kvm_memory_attributes`. */
export const kvm_memory_attributes = struct('kvm_memory_attributes', 32, {
  address: u64(0),
  size: u64(8),
  attributes: u64(16),
  flags: u64(24),
});

/** `struct kvm_create_guest_memfd`. */
export const kvm_create_guest_memfd = struct('kvm_create_guest_memfd', 64, {
  size: u64(0),
  flags: u64(8),
});

/** `struct kvm_pre_fault_memory`. */
export const kvm_pre_fault_memory = struct('kvm_pre_fault_memory', 64, {
  gpa: u64(0),
  size: u64(8),
  flags: u64(16),
});
