import { bytePorts } from '@vizor/bus';
import { assertCompliance, FakeClock, pioSubject, RecordingIrq } from '@vizor/testkit';
import { describe, expect, it } from 'vitest';
import { Uart16550 } from '../src/index.ts';

const [DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7];
const FCR = IIR;
const OUT2 = 8;
const DTR_RTS_OUT2 = 0x0b;

function setUp() {
  const irq = new RecordingIrq();
  const clock = new FakeClock();
  const sent: number[] = [];
  const uart = new Uart16550({ irq, clock, sink: { write: (byte) => sent.push(byte) } });
  return { irq, clock, sent, uart };
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe('16550A', () => {
  it('transmits at once and is always empty', () => {
    const { uart, sent } = setUp();
    uart.write(DATA, 0x41);
    expect(sent).toEqual([0x41]);
    expect(uart.read(LSR)).toBe(0x60);
  });

  it('has a divisor behind DLAB', () => {
    const { uart, sent } = setUp();
    uart.write(LCR, 0x83);
    uart.write(DATA, 0x0c);
    uart.write(IER, 0x01);
    expect([uart.read(DATA), uart.read(IER)]).toEqual([0x0c, 0x01]);
    uart.write(LCR, 0x03);
    expect([uart.read(DATA), uart.read(IER), sent]).toEqual([0, 0, []]);
  });

  describe("Linux's 8250 probe (drivers/tty/serial/8250/8250_port.c, autoconfig)", () => {
    it('finds the interrupt enable register', () => {
      const { uart } = setUp();
      uart.write(IER, 0xff);
      expect(uart.read(IER)).toBe(0x0f);
      uart.write(IER, 0);
      expect(uart.read(IER)).toBe(0);
    });

    it('finds loopback: RTS and OUT2 come back as CTS and DCD', () => {
      const { uart } = setUp();
      uart.write(MCR, 0x1a);
      expect(uart.read(MSR) & 0xf0).toBe(0x90);
    });

    it('finds FIFOs, and neither an EFR nor a 64-byte FIFO', () => {
      const { uart } = setUp();
      uart.write(FCR, 1);
      expect(uart.read(IIR) >> 6).toBe(3);
      uart.write(FCR, 0x21);
      expect(uart.read(IIR) >> 5).toBe(6);
      uart.write(FCR, 0);
      expect(uart.read(IIR)).toBe(1);
      uart.write(SCR, 0x5a);
      expect(uart.read(SCR)).toBe(0x5a);
    });

    it('measures a FIFO of 16 in loopback (size_fifo)', () => {
      const { uart, sent } = setUp();
      uart.write(FCR, 7);
      uart.write(MCR, 0x10);
      for (let i = 0; i < 256; i++) uart.write(DATA, i);
      let count = 0;
      while (uart.read(LSR) & 1 && count < 256) expect(uart.read(DATA)).toBe(count++);
      expect([count, sent]).toEqual([16, []]);
    });

    it('raises the transmitter interrupt anew whenever it is enabled (serial8250_do_startup)', () => {
      const { uart, irq } = setUp();
      uart.write(MCR, OUT2);
      for (let i = 1; i <= 2; i++) {
        uart.write(IER, 2);
        expect([irq.level, irq.rises]).toEqual([true, i]);
        expect(uart.read(IIR) & 0x0f).toBe(2);
        expect(irq.level).toBe(false);
        expect(uart.read(IIR) & 0x0f).toBe(1);
        uart.write(IER, 0);
      }
    });
  });

  it('gives an edge for every byte sent with the transmitter interrupt on', () => {
    const { uart, irq } = setUp();
    uart.write(MCR, OUT2);
    uart.write(IER, 2);
    uart.write(DATA, 1);
    uart.write(DATA, 2);
    expect([irq.level, irq.rises]).toEqual([true, 3]);
  });

  it('keeps the interrupt behind OUT2, and off in loopback', () => {
    const { uart, irq } = setUp();
    uart.write(IER, 2);
    expect(irq.level).toBe(false);
    uart.write(MCR, OUT2);
    expect(irq.level).toBe(true);
    uart.write(MCR, 0x10 | OUT2);
    expect(irq.level).toBe(false);
  });

  it('reports interrupts in the order of table IV', () => {
    const { uart } = setUp();
    uart.write(MCR, 0x10);
    uart.write(DATA, 1);
    uart.write(DATA, 2); // overrun, without FIFOs
    uart.write(MCR, 0x1f); // deltas
    uart.write(IER, 0x0f);
    expect(uart.read(IIR)).toBe(6);
    expect(uart.read(LSR)).toBe(0x63);
    expect(uart.read(IIR)).toBe(4);
    expect(uart.read(DATA)).toBe(2); // the new one destroyed the old
    expect(uart.read(IIR)).toBe(2);
    expect(uart.read(IIR)).toBe(0);
    expect(uart.read(MSR)).toBe(0xfb);
    uart.write(MCR, 0x1b); // RI falls: trailing edge
    expect(uart.read(MSR)).toBe(0xb4);
    expect(uart.read(IIR)).toBe(1);
  });

  it.each([
    [0x01, 1],
    [0x41, 4],
    [0x81, 8],
    [0xc1, 14],
  ])('FCR %i interrupts at %i bytes', (fcr, level) => {
    const { uart, irq } = setUp();
    uart.write(MCR, DTR_RTS_OUT2);
    uart.write(FCR, fcr);
    uart.write(IER, 1);
    uart.receive(new Uint8Array(level - 1));
    expect(irq.level).toBe(false);
    uart.receive(new Uint8Array(1));
    expect(irq.level).toBe(true);
    expect(uart.read(IIR)).toBe(0xc4);
    uart.read(DATA);
    expect(irq.level).toBe(false);
  });

  it('times out after four characters below the trigger level', () => {
    const { uart, irq, clock } = setUp();
    uart.write(MCR, DTR_RTS_OUT2);
    uart.write(FCR, 0xc1);
    uart.write(IER, 1);
    uart.receive(bytes('hi'));
    clock.advance(347_222); // 40 bits at 115200 a second take 347,222.2 ns
    expect(irq.level).toBe(false);
    clock.advance(1);
    expect(irq.level).toBe(true);
    expect(uart.read(IIR)).toBe(0xcc);
    uart.read(DATA);
    expect(irq.level).toBe(false);
    clock.advance(347_223);
    expect(uart.read(IIR)).toBe(0xcc);
    uart.read(DATA);
    clock.advance(1e9);
    expect(irq.level).toBe(false);
  });

  it('queues host input without overrun and says how much it took', () => {
    const { uart } = setUp();
    uart.write(FCR, 1);
    const input = new Uint8Array(5000).map((_, i) => i);
    const taken = uart.receive(input);
    expect(taken).toBe(4096);
    expect(uart.room).toBe(16);
    expect(uart.receive(input.subarray(taken))).toBe(16);
    for (let i = 0; i < taken + 16; i++) {
      expect(uart.read(LSR) & 3).toBe(1);
      expect(uart.read(DATA)).toBe(input[i]);
    }
    expect(uart.read(LSR) & 1).toBe(0);
  });

  it('holds host input while the guest keeps RTS low, and in loopback', () => {
    const { uart } = setUp();
    uart.write(MCR, 0);
    uart.receive(bytes('x'));
    expect(uart.read(LSR) & 1).toBe(0);
    uart.write(MCR, 0x12);
    expect(uart.read(LSR) & 1).toBe(0);
    uart.write(MCR, 0x02);
    expect(uart.read(DATA)).toBe(0x78);
  });

  it('keeps its promises under hostile accesses', () => {
    assertCompliance(() => {
      const { uart, clock, sent, irq } = setUp();
      return pioSubject(bytePorts(uart), 8, {
        saved: uart,
        clock,
        events: [() => uart.receive(bytes('some input')), () => clock.advance(1e5), () => clock.jump(1e9)],
        invariant: () => {
          // A raised line always has a cause that the guest can find, unless reading IIR takes it.
          if (irq.level && uart.save().ier === 0) throw new Error('interrupt without a cause');
          if (uart.save().fifo.length > 16) throw new Error('FIFO too long');
          sent.length = 0;
        },
      });
    });
  });
});
