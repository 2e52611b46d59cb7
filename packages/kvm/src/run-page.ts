// `struct kvm_run`, the page that a vCPU and its KVM_RUN share: API §5.

import { EXIT, IO, SYNC } from './generated/constants.ts';
import { kvm_debug_exit_arch, kvm_run, kvm_sync_regs } from './generated/structs.ts';
import { type Changes, decode, encode, type Field, type Struct, type Values, type View } from './layout.ts';

const F = kvm_run.fields;
const IO_AT = F.io.offset;
const IO_FIELDS = F.io.layout.fields;
const IO_SIZE_AT = IO_AT + IO_FIELDS.size.offset;
/** Where the data is: a 64-bit field whose upper half is 0, for the data lies in the page after `kvm_run`. */
const IO_DATA_AT = IO_AT + IO_FIELDS.data_offset.offset;
const MMIO_AT = F.mmio.offset;
const MMIO_FIELDS = F.mmio.layout.fields;

const exitNames = new Map<number, string>(Object.entries(EXIT).map(([name, number]) => [number, name]));

/** `IO` for 2. */
export function exitName(reason: number): string {
  return exitNames.get(reason) ?? `exit ${reason}`;
}

/** Where the view of the page is kept, so that a closed vCPU's page cannot be touched. */
type Page = () => View;

/**
 * A port access (KVM_EXIT_IO): `count` values of `size` bytes, read or written at once by a string instruction. The
 * object is the same at every exit and reads the page itself.
 */
export class PortExit {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  get isWrite(): boolean {
    return IO_FIELDS.direction.read(this.#page(), IO_AT) === IO.OUT;
  }

  get port(): number {
    return IO_FIELDS.port.read(this.#page(), IO_AT);
  }

  /** Bytes of one value: 1, 2 or 4. */
  get size(): number {
    return IO_FIELDS.size.read(this.#page(), IO_AT);
  }

  get count(): number {
    return IO_FIELDS.count.read(this.#page(), IO_AT);
  }

  /** What the guest wrote, as the `i`-th value. */
  read(i = 0): number {
    const page = this.#page();
    const size = page.getUint8(IO_SIZE_AT);
    const at = page.getUint32(IO_DATA_AT, true) + i * size;
    if (size === 1) return page.getUint8(at);
    return size === 2 ? page.getUint16(at, true) : page.getUint32(at, true);
  }

  /** What the guest shall read, as the `i`-th value. */
  write(value: number, i = 0): void {
    const page = this.#page();
    const size = page.getUint8(IO_SIZE_AT);
    const at = page.getUint32(IO_DATA_AT, true) + i * size;
    if (size === 1) page.setUint8(at, value);
    else if (size === 2) page.setUint16(at, value, true);
    else page.setUint32(at, value, true);
  }
}

/** A memory access where no slot is (KVM_EXIT_MMIO). The object is the same at every exit and reads the page itself. */
export class MmioExit {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  get isWrite(): boolean {
    return MMIO_FIELDS.is_write.read(this.#page(), MMIO_AT) !== 0;
  }

  /** Guest physical address. */
  get address(): number {
    const page = this.#page();
    return page.getUint32(MMIO_AT, true) + page.getUint32(MMIO_AT + 4, true) * 2 ** 32;
  }

  /** Bytes accessed: 1 to 8. */
  get size(): number {
    return MMIO_FIELDS.len.read(this.#page(), MMIO_AT);
  }

  /** The accessed bytes: what the guest wrote, or where to put what it shall read. */
  get bytes(): Uint8Array<ArrayBufferLike> {
    const page = this.#page();
    return new Uint8Array(page.buffer, page.byteOffset + MMIO_AT + MMIO_FIELDS.data.offset, this.size);
  }

  /** What the guest wrote, up to 4 bytes of it from byte `at`. */
  read(at = 0): number {
    const value = this.#page().getUint32(MMIO_AT + MMIO_FIELDS.data.offset + at, true);
    const width = Math.min(4, this.size - at);
    return width >= 4 ? value : value & ((1 << (width * 8)) - 1);
  }

  /** What the guest shall read, 4 bytes of it from byte `at`. */
  write(value: number, at = 0): void {
    this.#page().setUint32(MMIO_AT + MMIO_FIELDS.data.offset + at, value, true);
  }
}

/** Registers that KVM_RUN carries in the page: API §5, "shared registers" (KVM_CAP_SYNC_REGS). */
export class SyncRegisters {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Have every exit leave these here. @param sets bits of SYNC */
  request(sets: number): void {
    F.kvm_valid_regs.write(this.#page(), sets);
  }

  get regs(): Values<typeof kvm_sync_regs>['regs'] {
    return kvm_sync_regs.fields.regs.read(this.#page(), F.s.offset);
  }

  get sregs(): Values<typeof kvm_sync_regs>['sregs'] {
    return kvm_sync_regs.fields.sregs.read(this.#page(), F.s.offset);
  }

  get events(): Values<typeof kvm_sync_regs>['events'] {
    return kvm_sync_regs.fields.events.read(this.#page(), F.s.offset);
  }

  /** Change what was requested; the next run takes it. */
  change(values: Changes<typeof kvm_sync_regs>): void {
    const page = this.#page();
    encode(kvm_sync_regs, page, values, F.s.offset);
    const sets = (values.regs ? SYNC.REGS : 0) | (values.sregs ? SYNC.SREGS : 0) | (values.events ? SYNC.EVENTS : 0);
    F.kvm_dirty_regs.write(page, F.kvm_dirty_regs.read(page) | BigInt(sets));
  }
}

/** A run page with typed access to what the last exit left. */
export class RunPage {
  /** The bytes of `struct kvm_run` and the page after it, for {@link kvm_run}'s layout. */
  readonly view: Page;
  readonly io: PortExit;
  readonly mmio: MmioExit;
  readonly sync: SyncRegisters;

  constructor(view: Page) {
    this.view = view;
    this.io = new PortExit(view);
    this.mmio = new MmioExit(view);
    this.sync = new SyncRegisters(view);
  }

  /** Why the last run came back: a value of EXIT. */
  get exitReason(): number {
    return F.exit_reason.read(this.view());
  }

  /** While set, KVM_RUN comes back at once (KVM_CAP_IMMEDIATE_EXIT). */
  get immediateExit(): boolean {
    return F.immediate_exit.read(this.view()) !== 0;
  }

  set immediateExit(on: boolean) {
    F.immediate_exit.write(this.view(), on ? 1 : 0);
  }

  /** Ask for KVM_EXIT_IRQ_WINDOW_OPEN once the guest can take an interrupt: for a PIC of one's own. */
  set requestInterruptWindow(on: boolean) {
    F.request_interrupt_window.write(this.view(), on ? 1 : 0);
  }

  get readyForInterrupt(): boolean {
    return F.ready_for_interrupt_injection.read(this.view()) !== 0;
  }

  /** RFLAGS.IF; without local APICs in the kernel. */
  get interruptsEnabled(): boolean {
    return F.if_flag.read(this.view()) !== 0;
  }

  /** Bits of RUN_FLAGS. */
  get flags(): number {
    return F.flags.read(this.view());
  }

  /** CR8, both ways; without local APICs in the kernel. */
  get cr8(): bigint {
    return F.cr8.read(this.view());
  }

  set cr8(value: bigint) {
    F.cr8.write(this.view(), value);
  }

  /** KVM_EXIT_DEBUG: the exception, where, and DR6 and DR7. */
  get debug(): Values<typeof kvm_debug_exit_arch> {
    return decode(kvm_debug_exit_arch, this.view(), F.debug.offset);
  }

  /** KVM_EXIT_INTERNAL_ERROR: a suberror of INTERNAL_ERROR, and as many words of data as it has. */
  get internalError(): { suberror: number; data: bigint[] } {
    const { suberror, ndata, data } = this.#read(F.internal);
    return { suberror, data: data.slice(0, ndata) };
  }

  /** The instruction that KVM could not emulate, where it tells (INTERNAL_ERROR.EMULATION). */
  get failedInstruction(): Uint8Array<ArrayBuffer> {
    const { ndata, flags, insn_size, insn_bytes } = this.#read(F.emulation_failure);
    return ndata >= 3 && flags & 1n ? insn_bytes.slice(0, insn_size) : new Uint8Array(0);
  }

  /** KVM_EXIT_FAIL_ENTRY: what the hardware said, and on which host processor. */
  get failEntry(): Values<typeof F.fail_entry.layout> {
    return this.#read(F.fail_entry);
  }

  /** KVM_EXIT_X86_RDMSR, KVM_EXIT_X86_WRMSR: answer with {@link answerMsr}. */
  get msr(): Values<typeof F.msr.layout> {
    return this.#read(F.msr);
  }

  /** The value read, or undefined to raise #GP. For a write any value accepts it. */
  answerMsr(data: bigint | undefined): void {
    encode(F.msr.layout, this.view(), data === undefined ? { error: 1 } : { error: 0, data }, F.msr.offset);
  }

  /** KVM_EXIT_HYPERCALL: number and arguments; `ret` is the answer. */
  get hypercall(): Values<typeof F.hypercall.layout> {
    return this.#read(F.hypercall);
  }

  answerHypercall(result: bigint): void {
    encode(F.hypercall.layout, this.view(), { ret: result }, F.hypercall.offset);
  }

  /** KVM_EXIT_IOAPIC_EOI: the vector whose interrupt ended. */
  get eoiVector(): number {
    return this.#read(F.eoi).vector;
  }

  /** KVM_EXIT_SYSTEM_EVENT: a type of SYSTEM_EVENT. */
  get systemEvent(): Values<typeof F.system_event.layout> {
    return this.#read(F.system_event);
  }

  /** KVM_EXIT_MEMORY_FAULT: flags of MEMORY_EXIT_FLAG, address and size. */
  get memoryFault(): Values<typeof F.memory_fault.layout> {
    return this.#read(F.memory_fault);
  }

  /** KVM_EXIT_TPR_ACCESS: where the instruction is, and whether it writes. */
  get tprAccess(): Values<typeof F.tpr_access.layout> {
    return this.#read(F.tpr_access);
  }

  /** KVM_EXIT_HYPERV: a type of HYPERV_EXIT and its data. */
  get hyperv(): Values<typeof F.hyperv.layout> {
    return this.#read(F.hyperv);
  }

  #read<S extends Struct>(field: Pick<Field<Values<S>>, 'read'> & { layout: S }): Values<S> {
    return field.read(this.view());
  }
}
