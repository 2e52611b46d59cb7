import type { RequestName } from './generated/requests.ts';

/** Why the kernel refuses a request, by errno, where the general meaning of the errno does not say it. */
export const CAUSES: Readonly<Partial<Record<RequestName, Readonly<Record<string, string>>>>> = Object.freeze({
  KVM_CREATE_VM: {
    EBUSY: 'another hypervisor (VirtualBox, VMware) holds the processor’s virtualization: end it',
    EOPNOTSUPP: 'the processor’s virtualization is disabled in the firmware',
    EINVAL: 'the host has no machine of this type',
    ENOMEM: 'the host is out of memory, or out of its limit for VMs',
  },
  KVM_CREATE_VCPU: {
    EEXIST: 'there is a vCPU of this id already',
    EINVAL: 'the id is beyond what this VM may have',
  },
  KVM_SET_USER_MEMORY_REGION: {
    EEXIST: 'the slot overlaps another one',
    EINVAL: 'a slot cannot change its size, host address or read-only flag: remove it first',
    EFAULT: 'the host address is not mapped',
    ENOMEM: 'the host has no memory for the slot’s tables',
  },
  KVM_SET_USER_MEMORY_REGION2: {
    EEXIST: 'the slot overlaps another one, or its part of the guest_memfd belongs to another slot',
    EINVAL: 'a slot cannot change its size, host address or flags: remove it first',
  },
  KVM_GET_DIRTY_LOG: {
    ENOENT: 'the slot does not exist, or does not log dirty pages',
    ENXIO: 'dirty rings are enabled, and they replace the log',
  },
  KVM_CLEAR_DIRTY_LOG: {
    EINVAL: 'the first page must be a multiple of 64, and so must the count, unless it ends the slot',
    ENOENT: 'the slot does not exist, or does not log dirty pages',
  },
  KVM_RESET_DIRTY_RINGS: { EINVAL: 'dirty rings are not enabled' },
  KVM_CREATE_IRQCHIP: {
    EEXIST: 'the VM has interrupt controllers already',
    EINVAL: 'create the interrupt controllers before the first vCPU',
  },
  KVM_CREATE_PIT2: {
    EEXIST: 'the VM has a PIT already',
    ENOENT: 'create the in-kernel interrupt controllers first',
    ENXIO: 'create the in-kernel interrupt controllers first',
  },
  KVM_GET_PIT2: { ENXIO: 'create the PIT first' },
  KVM_SET_PIT2: { ENXIO: 'create the PIT first' },
  KVM_REINJECT_CONTROL: { ENXIO: 'create the PIT first' },
  KVM_IRQ_LINE: { ENXIO: 'create the in-kernel interrupt controllers first' },
  KVM_IRQ_LINE_STATUS: { ENXIO: 'create the in-kernel interrupt controllers first' },
  KVM_GET_IRQCHIP: {
    ENXIO: 'create the in-kernel interrupt controllers first (a split irqchip has no PIC, no I/O APIC)',
  },
  KVM_SET_IRQCHIP: {
    ENXIO: 'create the in-kernel interrupt controllers first (a split irqchip has no PIC, no I/O APIC)',
  },
  KVM_SET_GSI_ROUTING: { EINVAL: 'an entry names a controller, pin or type that this VM does not have' },
  KVM_SIGNAL_MSI: { EINVAL: 'there is no in-kernel local APIC, or the message is malformed' },
  KVM_IRQFD: {
    EBADF: 'the eventfd is closed',
    EBUSY: 'this eventfd drives an interrupt already',
    EINVAL: 'the descriptor is no eventfd, or the VM has no in-kernel interrupt controllers',
  },
  KVM_IOEVENTFD: {
    EEXIST: 'another eventfd is there already',
    ENOENT: 'there is no such ioeventfd',
    EINVAL: 'the width is not 0, 1, 2, 4 or 8, or the address wraps around',
    ENOSPC: 'the VM has too many ioeventfds',
  },
  KVM_REGISTER_COALESCED_MMIO: { ENOSPC: 'the VM has too many zones' },
  KVM_ENABLE_CAP: {
    EBUSY: 'too late: switch it on before what it changes exists',
    EINVAL: 'the arguments are not for this host, or it is too late: switch it on before the first vCPU',
    ENXIO: 'create the in-kernel interrupt controllers first',
    EPERM: 'only for root',
  },
  KVM_SET_BOOT_CPU_ID: { EBUSY: 'choose the boot vCPU before creating the first one' },
  KVM_SET_CPUID2: {
    EINVAL: 'the entries contradict each other, or change after the vCPU has run',
    E2BIG: 'there are too many entries',
  },
  KVM_SET_SREGS: { EINVAL: 'the control registers, EFER and segments contradict each other' },
  KVM_SET_SREGS2: { EINVAL: 'the control registers, EFER and segments contradict each other' },
  KVM_SET_XCRS: { EINVAL: 'XCR0 enables what this vCPU’s CPUID does not have' },
  KVM_SET_XSAVE: { EINVAL: 'the image holds states or MXCSR bits that this vCPU does not have' },
  KVM_SET_VCPU_EVENTS: { EINVAL: 'the events contradict each other, or the host does not know a flag' },
  KVM_SET_DEBUGREGS: { EINVAL: 'a reserved bit is set in DR6, DR7 or the flags' },
  KVM_SET_MP_STATE: { EINVAL: 'this state needs an in-kernel local APIC' },
  KVM_GET_LAPIC: { EINVAL: 'the VM has no in-kernel local APIC' },
  KVM_SET_LAPIC: { EINVAL: 'the VM has no in-kernel local APIC' },
  KVM_INTERRUPT: {
    ENXIO: 'the VM has an in-kernel PIC: raise its lines instead',
    EEXIST: 'an interrupt is pending already: wait for the interrupt window',
    EINVAL: 'the vector is not below 256',
  },
  KVM_X86_SET_MCE: { EINVAL: 'the bank is beyond the vCPU’s, or the status is not marked valid' },
  KVM_X86_SETUP_MCE: { EINVAL: 'more banks or bits than the host supports' },
  KVM_SET_TSC_KHZ: { EINVAL: 'the host cannot scale its TSC to this frequency' },
  KVM_SET_GUEST_DEBUG: { EBUSY: 'an exception is pending: let the vCPU take it first', EINVAL: 'not with this host' },
  KVM_KVMCLOCK_CTRL: { EINVAL: 'the guest has not set up kvmclock on this vCPU' },
  KVM_CREATE_DEVICE: {
    ENODEV: 'the host’s kernel does not have this device',
    EEXIST: 'the VM has this device already',
  },
  KVM_HAS_DEVICE_ATTR: { ENXIO: 'the device has no such attribute' },
  KVM_GET_DEVICE_ATTR: { ENXIO: 'the device has no such attribute' },
  KVM_SET_DEVICE_ATTR: {
    ENXIO: 'the device has no such attribute',
    EBADF: 'the descriptor is no VFIO group or device',
  },
  KVM_SET_PMU_EVENT_FILTER: { EINVAL: 'a malformed filter', E2BIG: 'too many events' },
  KVM_RUN: {
    EFAULT: 'the guest touched memory that the host cannot give (unmapped, or its file ended)',
    ENOEXEC: 'the vCPU is not initialized',
    ENOMEM: 'the host is out of memory',
    EBADF: 'the VM’s memory belongs to another process',
    EIO: 'the VM is dead after a bug in the host’s KVM: see its kernel log',
  },
});
