// Instructions that are executed by themselves, from scratch: one that lies across two pages, and one that is stepped over.
import { CROSS_OPS, FETCH, MODE, MODE_DECODE_MASK, RIP_BASE } from "../layout/cpu";
import { PAGE } from "../layout/memory";
import { OP, OP_LEN, OP_PAGE_OFFSET, OP_SIZE, OP_UNFUSED } from "../layout/op";
import { RESYNC } from "../generated/ops";
import { decode, LENGTH_MAX } from "./decode";
import { fetchPointer } from "./lookup";
import { originalAt } from "./jit/original";
import { wrapRip } from "./rip";

/**
 * Decode the instruction at a CROSS operation from both of its pages, afresh each time it is executed. Answers the first of
 * two operations in scratch: the instruction, and a RESYNC after it. 0 when fetching from the second page faulted.
 */
export function crossing(cpu: u32, pc: u32): u32 {
  const offset = <u32>load<u16>(pc + OP_PAGE_OFFSET);
  const room = PAGE - offset;
  const rip = load<u64>(cpu + RIP_BASE);
  const first = fetchPointer(cpu, wrapRip(cpu, rip + offset));
  if (!first) return 0;
  memory.copy(cpu + FETCH, first, room);
  memory.fill(cpu + FETCH + room, 0, LENGTH_MAX);
  const second = fetchPointer(cpu, wrapRip(cpu, rip + PAGE));
  if (!second) return 0;
  memory.copy(cpu + FETCH + room, second, LENGTH_MAX - room);
  const op = cpu + CROSS_OPS;
  const length = decode(cpu + FETCH, load<u32>(cpu + MODE) & MODE_DECODE_MASK, offset, op) & 0xff;
  resyncAfter(op, offset + length);
  return op;
}

/** Copy the operation at `pc`, unfused, to scratch with a RESYNC after it, so that exactly one instruction is executed. */
export function single(cpu: u32, pc: u32): u32 {
  const op = cpu + CROSS_OPS + 2 * OP_SIZE;
  memory.copy(op, originalAt(pc), OP_SIZE);
  const unfused = load<u16>(op + OP_UNFUSED);
  if (unfused) store<u16>(op + OP, unfused);
  resyncAfter(op, <u32>load<u16>(op + OP_PAGE_OFFSET) + load<u8>(op + OP_LEN));
  return op;
}

function resyncAfter(op: u32, offset: u32): void {
  store<u16>(op + OP_SIZE + OP, <u16>RESYNC);
  store<u16>(op + OP_SIZE + OP_PAGE_OFFSET, <u16>offset);
}
