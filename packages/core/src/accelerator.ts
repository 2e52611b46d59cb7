/** Why a vCPU's run came back to the machine's loop. */
export type VcpuExit =
  /** The slice's instruction budget ran out, or the pending word asked for attention. */
  | 'slice'
  /** HLT with interrupts enabled: nothing to do until an interrupt comes. */
  | 'halt'
  /** HLT with interrupts disabled: only an NMI or a reset can wake it. */
  | 'halt-forever'
  /** Triple fault: the processor entered shutdown (Intel SDM vol. 3, 6.15 "Interrupt 8"). */
  | 'shutdown'
  /** A device asked the machine to stop (power-off, reset, debug exit). */
  | 'stop';

/** What a vCPU needs from the machine around it. All calls are synchronous: the machine worker never awaits. */
export interface VcpuHost {
  pioRead(port: number, size: 1 | 2 | 4): number;
  pioWrite(port: number, size: 1 | 2 | 4, value: number): void;
  /** `gpa` may be up to 2^52; size 8 is split by the bus. */
  mmioRead(gpa: number, size: 1 | 2 | 4): number;
  mmioWrite(gpa: number, size: 1 | 2 | 4, value: number): void;
  /** Guest time in nanoseconds; the TSC counts it at {@link TSC_HZ}. */
  now(): number;
  /** Interrupt acknowledge cycle to the 8259 pair: the vector, and the request becomes in-service. */
  acknowledgeInterrupt(): number;
  /** The local APIC saw an EOI for a level-triggered vector: I/O APICs drop their remote IRR. */
  endOfInterrupt(vector: number): void;
}

/** One virtual processor. */
export interface Vcpu {
  /** Run at most about `budget` instructions. */
  run(budget: number): VcpuExit;
  /** Level of the INTR pin driven by the 8259 pair (or, through LINT0, the local APIC). */
  setIntr(level: boolean): void;
  /** Deliver an APIC message: `deliveryMode` as in an I/O APIC redirection entry (Intel SDM vol. 3, 11.11.2). */
  deliverApic(destination: number, logical: boolean, deliveryMode: number, vector: number, level: boolean): void;
  /** Guest time of the next timer of the vCPU's own (local APIC), or Infinity. */
  nextTimer(): number;
  /** Instructions retired so far. */
  readonly instructions: number;
}

/** Guest TSC frequency: one tick a nanosecond of guest time. */
export const TSC_HZ = 1_000_000_000;
