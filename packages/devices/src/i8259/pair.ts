import { bytePorts, type PioBus } from '@vizor/bus';
import { type IrqLine, type Saved, unconnectedIrq } from '@vizor/core';
import { requireVersion } from '../saved.ts';
import { I8259, type I8259State } from './i8259.ts';

export interface I8259PairState {
  v: 1;
  master: I8259State;
  slave: I8259State;
}

/** The master's input that the slave's INT output drives. */
const CASCADE = 2;
const SPURIOUS = 7;
/** Timer, keyboard and cascade stay edge-triggered (82371AB datasheet, 4.2.5.1), as do RTC and FPU (4.2.5.2). */
const MASTER_ELCR = 0xf8;
const SLAVE_ELCR = 0xde;

/** The PC/AT's two 8259As: sixteen inputs, the slave's behind the master's input 2. */
export class I8259Pair implements Saved<I8259PairState> {
  readonly master: I8259;
  readonly slave: I8259;
  readonly #lines: readonly IrqLine[];

  /** @param intr the processor's INTR pin */
  constructor(intr: IrqLine) {
    this.master = new I8259({
      changed: () => intr.set(this.master.requesting),
      cascade: CASCADE,
      elcrWritable: MASTER_ELCR,
    });
    this.slave = new I8259({
      changed: () => this.master.setLine(CASCADE, this.slave.requesting),
      cascade: -1,
      elcrWritable: SLAVE_ELCR,
    });
    this.#lines = Array.from({ length: 16 }, (_, n) => this.#makeLine(n));
  }

  /** @param n input, 0 to 15; 2 is the cascade and leads nowhere */
  line(n: number): IrqLine {
    return this.#lines[n];
  }

  /** Interrupt acknowledge cycle. @returns the vector */
  acknowledge(): number {
    const input = this.master.acknowledge();
    if (input === CASCADE) {
      const behind = this.slave.acknowledge();
      return this.slave.vector(behind < 0 ? SPURIOUS : behind);
    }
    return this.master.vector(input < 0 ? SPURIOUS : input);
  }

  save(): I8259PairState {
    return { v: 1, master: this.master.save(), slave: this.slave.save() };
  }

  restore(state: I8259PairState): void {
    requireVersion('8259A pair', state, 1);
    this.slave.restore(state.slave);
    this.master.restore(state.master);
  }

  #makeLine(n: number): IrqLine {
    if (n === CASCADE) return unconnectedIrq;
    const chip = n < 8 ? this.master : this.slave;
    return { set: (level) => chip.setLine(n & 7, level) };
  }
}

/** Put the pair where the PC/AT has it: 0x20, 0xa0, and the ELCR at 0x4d0. */
export function attachI8259Pair(bus: PioBus, pair: I8259Pair): void {
  const { master, slave } = pair;
  bus.map(0x20, 2, bytePorts(master), '8259A master');
  bus.map(0xa0, 2, bytePorts(slave), '8259A slave');
  const elcr = bytePorts({
    read: (offset) => (offset === 0 ? master : slave).elcr,
    write: (offset, value) => {
      (offset === 0 ? master : slave).elcr = value;
    },
  });
  bus.map(0x4d0, 2, elcr, '8259A edge/level control');
}
