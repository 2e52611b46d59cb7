// What a vCPU looks at between instructions when PENDING is set: the machine's wish to stop, the local APIC's timer, NMI,
// interrupts (Intel SDM vol. 3, 6.9 for their priorities).
import {
  COUNT_INTERRUPT, EXIT, EXIT_HALT, EXIT_HALT_FOREVER, EXIT_REASON, EXIT_STOP, EXITING, HALTED, INTR, NMI_BLOCKED, NMI_LATCHED, PENDING,
  RFLAGS, SHADOW, STOP,
} from "../layout/cpu";
import { NMI } from "./exception";
import { IF } from "./flags";
import { acknowledge } from "./host";
import { interrupt } from "./interrupt";
import { extIntAccepted, lapicAccept, lapicPending, lapicTimer, lapicWakes } from "./lapic";

/** Serve what is pending. False when run must return; EXIT_REASON says why. */
export function serve(cpu: u32): bool {
  if (load<u32>(cpu + STOP)) return leave(cpu, EXIT_STOP);
  lapicTimer(cpu);
  if (!load<u32>(cpu + SHADOW)) {
    const vector = take(cpu);
    if (vector >= 0) {
      store<u32>(cpu + HALTED, 0);
      store<u32>(cpu + COUNT_INTERRUPT, load<u32>(cpu + COUNT_INTERRUPT) + 1);
      if (interrupt(cpu, <u32>vector) == EXIT) {
        store<u32>(cpu + EXITING, 1);
        return false;
      }
    }
  }
  store<u32>(cpu + PENDING, u32(lapicWakes(cpu)));
  if (!load<u32>(cpu + HALTED)) return true;
  return leave(cpu, load<u32>(cpu + RFLAGS) & IF ? EXIT_HALT : EXIT_HALT_FOREVER);
}

function leave(cpu: u32, reason: u32): bool {
  store<u32>(cpu + EXIT_REASON, reason);
  return false;
}

/** Take the interrupt that is next in line: its vector, or −1 when none may be delivered now. */
function take(cpu: u32): i32 {
  if (load<u32>(cpu + NMI_LATCHED) && !load<u32>(cpu + NMI_BLOCKED)) {
    store<u32>(cpu + NMI_LATCHED, 0);
    store<u32>(cpu + NMI_BLOCKED, 1);
    return NMI;
  }
  if (!(load<u32>(cpu + RFLAGS) & IF)) return -1;
  const vector = lapicPending(cpu);
  if (vector >= 0) {
    lapicAccept(cpu, vector);
    return vector;
  }
  return load<u32>(cpu + INTR) && extIntAccepted(cpu) ? <i32>acknowledge() : -1;
}
