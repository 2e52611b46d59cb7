import { MmioBus, PioBus } from '@vizor/bus';
import type { Clock, IrqLine, VcpuHost } from '@vizor/core';
import { SoftwareVcpu } from '@vizor/cpu';
import {
  AcpiPm,
  attachAcpiPm,
  attachDebugConsole,
  attachDebugExit,
  attachI8042,
  attachI8254,
  attachI8259Pair,
  attachIoApic,
  attachMc146818,
  attachPort92,
  attachResetControl,
  attachUart16550,
  COM1,
  DebugConsole,
  DebugExit,
  I8042,
  I8254,
  I8259Pair,
  IoApic,
  Mc146818,
  Port92,
  PortB,
  ResetControl,
  Uart16550,
} from '@vizor/devices';
import { IRQS, PORTS } from '@vizor/loader';
import type { GuestMemory } from '@vizor/memory';

/** What the guest tells the machine through its devices. */
export interface BoardEvents {
  /** Byte from the first serial port. */
  serial(byte: number): void;
  /** Byte from the debug console, port 0xe9. */
  debug(byte: number): void;
  powerOff(): void;
  reset(): void;
  /** Byte written to the debug-exit port. */
  debugExit(value: number): void;
  /** Byte written to the command-status port: the status of the command that the guest's init ran. */
  commandStatus(value: number): void;
  /** The guest's init runs. */
  userspace(): void;
}

/** The PIT's interrupt arrives at I/O APIC input 2, every other ISA interrupt at its own number. */
const PIT_IOAPIC_INPUT = 2;

/** A PC: one vCPU, guest memory, and the chips around them, wired to each other. */
export class Board {
  readonly vcpu: SoftwareVcpu;
  readonly serial: Uart16550;
  readonly pm: AcpiPm;
  readonly #pio = new PioBus();
  readonly #mmio = new MmioBus();

  constructor(memory: GuestMemory, clock: Clock, events: BoardEvents) {
    const pic = new I8259Pair({ set: (level) => this.vcpu.setIntr(level) });
    const ioapic = new IoApic((message) =>
      this.vcpu.deliverApic(message.destination, message.logical, message.deliveryMode, message.vector, message.level),
    );
    this.vcpu = new SoftwareVcpu(memory, this.#host(clock, pic, ioapic));
    const irq = (n: number) => isaLine(pic, ioapic, n);

    this.serial = new Uart16550({ irq: irq(COM1.irq), clock, sink: { write: (byte) => events.serial(byte) } });
    this.pm = new AcpiPm({ sci: irq(IRQS.SCI), clock, events: { powerOff: () => events.powerOff() } });
    const pit = new I8254({ irq: irq(IRQS.TIMER), clock });
    const rtc = new Mc146818({
      irq: irq(IRQS.RTC),
      clock,
      wallClock: () => Date.now(),
      memory: { below4G: memory.lowSize, above4G: memory.highSize },
    });
    const reset = () => events.reset();
    const a20 = (open: boolean) => this.vcpu.setA20(open);

    attachI8259Pair(this.#pio, pic);
    attachIoApic(this.#mmio, ioapic);
    attachI8254(this.#pio, pit, new PortB(pit, clock));
    attachMc146818(this.#pio, rtc);
    attachUart16550(this.#pio, this.serial, COM1.port, 'serial port COM1');
    attachAcpiPm(this.#pio, this.pm);
    attachI8042(this.#pio, new I8042({ reset, a20 }));
    attachPort92(this.#pio, new Port92({ reset, a20 }));
    attachResetControl(this.#pio, new ResetControl({ reset }));
    attachDebugConsole(this.#pio, new DebugConsole({ write: (byte) => events.debug(byte) }));
    attachDebugExit(this.#pio, new DebugExit({ exit: (value) => events.debugExit(value) }));
    this.#pio.map(
      PORTS.COMMAND_STATUS,
      1,
      writeOnly((value) => events.commandStatus(value)),
      'command status',
    );
    this.#pio.map(
      PORTS.MILESTONE,
      1,
      writeOnly(() => events.userspace()),
      'milestone',
    );
  }

  /** What the vCPU sees of the machine. */
  #host(clock: Clock, pic: I8259Pair, ioapic: IoApic): VcpuHost {
    return {
      pioRead: (port, size) => this.#pio.read(port, size),
      pioWrite: (port, size, value) => this.#pio.write(port, size, value),
      mmioRead: (gpa, size) => this.#mmio.read(gpa, size),
      mmioWrite: (gpa, size, value) => this.#mmio.write(gpa, size, value),
      now: () => clock.now(),
      acknowledgeInterrupt: () => pic.acknowledge(),
      endOfInterrupt: (vector) => ioapic.endOfInterrupt(vector),
    };
  }
}

/** An ISA interrupt: a pin of the 8259 pair and one of the I/O APIC. */
function isaLine(pic: I8259Pair, ioapic: IoApic, n: number): IrqLine {
  const legacy = pic.line(n);
  const apic = ioapic.line(n === IRQS.TIMER ? PIT_IOAPIC_INPUT : n);
  return {
    set(level) {
      legacy.set(level);
      apic.set(level);
    },
  };
}

/** A port that only takes bytes. */
function writeOnly(write: (value: number) => void) {
  return { pioRead: () => 0, pioWrite: (_offset: number, _size: 1 | 2 | 4, value: number) => write(value & 0xff) };
}
