// Decoded code: for each guest page that was executed, in each mode it was executed in, a record that maps page offsets to
// operations. Operations live in an arena that is dropped whole when it is full.
//
// A store into bytes that were decoded (by the guest or by a device) drops the page's records: their operations all become
// RESYNC, so that whoever is executing or about to link to them looks its address up again.
import {
  ARENA_DROPS, ARENA_NEXT, CODE_KEY, COUNT_CODE_DROPPED, CS, MODE, MODE_DECODE_MASK, MODE_LONG64, RAM_BASE, RIP_BASE,
  SEG, SEG_BASE, SEG_LIMIT, SEG_SIZE, TLB_ADDEND, TLB_EXECUTE, TLB_NOW, TLB, JUMP_CACHE, JUMP_ENTRIES,
} from "../layout/cpu";
import { CODE_ARENA, CODE_ARENA_END, CODE_PAGES } from "../layout/memory";
import { OP_SIZE } from "../layout/op";
import { RESYNC } from "../generated/ops";
import { tlbEntry } from "./access";
import { decodeRun, RUN_MAX } from "./decode-run";
import { GP, raise, raiseError, UD } from "./exception";
import { jumpCached, jumpEntry } from "./hot";
import { canonical, EXECUTE, NOWHERE, translate, withholdWrites } from "./mmu";
import { ramPointer } from "./phys";

/** Page record: u32 page address, u32 decode mode, u32 record of the page in another mode, u32 first run, u64 mask of 64-byte chunks with code, u32 operations by page offset. */
export const PAGE_ADDRESS: u32 = 0;
export const PAGE_MODE: u32 = 4;
export const PAGE_OTHER: u32 = 8;
export const PAGE_RUNS: u32 = 12;
export const PAGE_CHUNKS: u32 = 16;
export const PAGE_MAP: u32 = 32;
const PAGE_RECORD: u32 = PAGE_MAP + 4096 * 4;

/** Run header, OP_SIZE bytes before its first operation: u32 next run of the page, u32 operations. */
export const RUN_NEXT: u32 = 0;
export const RUN_COUNT: u32 = 4;

/** Slot of a RAM page in CODE_PAGES. */
// @ts-ignore: decorator
@inline
function slotOf(cpu: u32, page: u32): u32 {
  return CODE_PAGES + ((page - load<u32>(cpu + RAM_BASE)) >> 12) * 4;
}

/** Whether decoded code lies in the RAM page at linear-memory address `page`. */
// @ts-ignore: decorator
@inline
export function isCodePage(cpu: u32, page: u32): bool {
  return load<u32>(slotOf(cpu, page)) != 0;
}

/**
 * The operation at `rip`, decoded if need be. Sets RIP_BASE. 0 when fetching faulted (the exception is recorded).
 */
export function lookup(cpu: u32, rip: u64): u32 {
  const cached = jumpCached(cpu, rip);
  if (cached) {
    store<u64>(cpu + RIP_BASE, rip - load<u16>(cached + 4));
    return cached;
  }
  const at = fetchPointer(cpu, rip);
  if (!at) return 0;
  const offset = at & 0xfff;
  if (load<u32>(cpu + ARENA_NEXT) + PAGE_RECORD + (RUN_MAX + 3) * OP_SIZE > CODE_ARENA_END) dropAllCode(cpu);
  const record = pageRecord(cpu, at & ~0xfff);
  store<u64>(cpu + RIP_BASE, rip - offset);
  let op = load<u32>(record + PAGE_MAP + offset * 4);
  if (!op) op = decodeRun(cpu, record, offset);
  const entry = jumpEntry(cpu, rip);
  store<u64>(entry, rip);
  store<u32>(entry + 8, load<u32>(cpu + CODE_KEY));
  store<u32>(entry + 12, op);
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

function pageRecord(cpu: u32, page: u32): u32 {
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

/** Take `size` bytes (a multiple of OP_SIZE) of the arena; lookup made sure that they are there. */
export function allocate(cpu: u32, size: u32): u32 {
  const at = load<u32>(cpu + ARENA_NEXT);
  store<u32>(cpu + ARENA_NEXT, at + size);
  return at;
}

/** `size` bytes of RAM at linear-memory address `at` are about to change: drop code that was decoded from them. */
export function codeWritten(cpu: u32, at: u32, size: u32): void {
  const end = at + size;
  for (let page = at & ~0xfff; page < end; page += 0x1000) {
    if (!isCodePage(cpu, page)) continue;
    const first = at > page ? at - page : 0;
    const last = (end < page + 0x1000 ? end - page : 0x1000) - 1;
    const touched = (~(<u64>0) << (first >> 6)) & (~(<u64>0) >> (63 - (last >> 6)));
    if (chunksOf(cpu, page) & touched) dropPage(cpu, page);
  }
}

function chunksOf(cpu: u32, page: u32): u64 {
  let chunks: u64 = 0;
  for (let record = load<u32>(slotOf(cpu, page)); record; record = load<u32>(record + PAGE_OTHER)) {
    chunks |= load<u64>(record + PAGE_CHUNKS);
  }
  return chunks;
}

function dropPage(cpu: u32, page: u32): void {
  const slot = slotOf(cpu, page);
  for (let record = load<u32>(slot); record; record = load<u32>(record + PAGE_OTHER)) {
    for (let run = load<u32>(record + PAGE_RUNS); run; run = load<u32>(run + RUN_NEXT)) {
      const end = run + OP_SIZE + load<u32>(run + RUN_COUNT) * OP_SIZE;
      for (let op = run + OP_SIZE; op < end; op += OP_SIZE) store<u16>(op, <u16>RESYNC);
    }
  }
  store<u32>(slot, 0);
  nextGeneration(cpu);
  store<u32>(cpu + COUNT_CODE_DROPPED, load<u32>(cpu + COUNT_CODE_DROPPED) + 1);
}

/** Forget all decoded code. Not while an operation of the arena is being executed. */
export function dropAllCode(cpu: u32): void {
  memory.fill(CODE_PAGES, 0, CODE_ARENA - CODE_PAGES);
  memory.fill(cpu + JUMP_CACHE, 0, JUMP_ENTRIES * 16);
  store<u32>(cpu + ARENA_NEXT, CODE_ARENA);
  store<u32>(cpu + ARENA_DROPS, load<u32>(cpu + ARENA_DROPS) + 1);
  nextGeneration(cpu);
}

/** Links between pages and the jump cache hold for one generation of translations; after 2^24 of them all is forgotten. */
export function nextGeneration(cpu: u32): void {
  const key = load<u32>(cpu + CODE_KEY) + 0x100;
  store<u32>(cpu + CODE_KEY, key);
  if (key >= 0x100) return;
  memory.fill(cpu + JUMP_CACHE, 0, JUMP_ENTRIES * 16);
  store<u32>(cpu + ARENA_NEXT, CODE_ARENA_END);
}
