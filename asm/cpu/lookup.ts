// From an instruction pointer to its operation: by the jump cache, by the page's record, by decoding.
import {
  ARENA_NEXT, CS, MODE, MODE_DECODE_MASK, MODE_LONG64, RIP_BASE, SEG, SEG_BASE, SEG_LIMIT, SEG_SIZE, TLB, TLB_ADDEND,
  TLB_EXECUTE, TLB_NOW,
} from "../layout/cpu";
import { CODE_ARENA_END } from "../layout/memory";
import { OP_PAGE_OFFSET, OP_SIZE } from "../layout/op";
import {
  allocate, CHUNK_MAPS, decodedAt, dropAllCode, PAGE_ADDRESS, PAGE_MODE, PAGE_OTHER, PAGE_RECORD, slotOf,
} from "./code-pages";
import { decodeRun, RUN_MAX } from "./decode-run";
import { GP, raise, raiseError, UD } from "./exception";
import { jumpCached, rememberJump } from "./jump-cache";
import { canonical, EXECUTE, NOWHERE } from "./linear";
import { translate } from "./mmu";
import { ramPointer } from "./phys";
import { tlbEntry, withholdWrites } from "./tlb";

/**
 * The operation at `rip`, decoded if need be. Sets RIP_BASE. 0 when fetching faulted (the exception is recorded).
 */
export function lookup(cpu: u32, rip: u64): u32 {
  const cached = jumpCached(cpu, rip);
  if (cached) {
    store<u64>(cpu + RIP_BASE, rip - load<u16>(cached + OP_PAGE_OFFSET));
    return cached;
  }
  const at = fetchPointer(cpu, rip);
  if (!at) return 0;
  const offset = at & 0xfff;
  if (load<u32>(cpu + ARENA_NEXT) + PAGE_RECORD + CHUNK_MAPS + (RUN_MAX + 3) * OP_SIZE > CODE_ARENA_END) dropAllCode(cpu);
  const record = pageRecord(cpu, at & ~0xfff);
  store<u64>(cpu + RIP_BASE, rip - offset);
  let op = decodedAt(record, offset);
  if (!op) op = decodeRun(cpu, record, offset);
  rememberJump(cpu, rip, op);
  return op;
}

/** Linear-memory address of the instruction byte at `rip`; 0 with a fault recorded. */
export function fetchPointer(cpu: u32, rip: u64): u32 {
  const mode = load<u32>(cpu + MODE);
  let linear = rip;
  if (mode & MODE_LONG64) {
    if (!canonical(rip)) {
      raiseError(cpu, GP, 0);
      return 0;
    }
  } else {
    const cs = cpu + SEG + CS * SEG_SIZE;
    if (rip > <u64>load<u32>(cs + SEG_LIMIT)) {
      raiseError(cpu, GP, 0);
      return 0;
    }
    linear = (rip + load<u64>(cs + SEG_BASE)) & 0xffffffff;
  }
  const tlb = load<u32>(cpu + TLB_NOW);
  const entry = tlbEntry(tlb, linear);
  if ((linear & ~0xfff) == load<u64>(entry + TLB_EXECUTE)) return <u32>(linear + load<u64>(entry + TLB_ADDEND));
  const gpa = translate(cpu, linear, EXECUTE, tlb != cpu + TLB);
  if (gpa == NOWHERE) return 0;
  const at = ramPointer(cpu, gpa, 1);
  // Where there is no RAM the bus floats high: FF FF is no instruction.
  if (!at) raise(cpu, UD);
  return at;
}

/** Record of the RAM page at linear-memory address `page` in the current mode. */
export function pageRecord(cpu: u32, page: u32): u32 {
  const slot = slotOf(cpu, page);
  const mode = load<u32>(cpu + MODE) & MODE_DECODE_MASK;
  const first = load<u32>(slot);
  for (let record = first; record; record = load<u32>(record + PAGE_OTHER)) {
    if (load<u32>(record + PAGE_MODE) == mode) return record;
  }
  const record = allocate(cpu, PAGE_RECORD);
  memory.fill(record, 0, PAGE_RECORD);
  store<u32>(record + PAGE_ADDRESS, page);
  store<u32>(record + PAGE_MODE, mode);
  store<u32>(record + PAGE_OTHER, first);
  store<u32>(slot, record);
  if (!first) withholdWrites(cpu, page);
  return record;
}
