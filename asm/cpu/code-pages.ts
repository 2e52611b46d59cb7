// Decoded code: for each guest page that was executed, in each mode it was executed in, a record that maps page offsets to
// operations. Operations live in an arena that is dropped whole when it is full.
//
// A store into bytes that were decoded (by the guest or by a device) drops the page's records: their operations all become
// RESYNC, so that whoever is executing or about to link to them looks its address up again.
import { ARENA_DROPS, ARENA_NEXT, CODE_KEY, COUNT_CODE_DROPPED, JUMP_CACHE, JUMP_ENTRIES, RAM_BASE } from "../layout/cpu";
import { CODE_ARENA, CODE_ARENA_END, CODE_PAGES } from "../layout/memory";
import { OP_SIZE } from "../layout/op";
import { RESYNC } from "../generated/ops";
import { forgetCompiled } from "./jit/forget";

/** Page record: u32 page address, u32 decode mode, u32 record of the page in another mode, u32 first run, u64 mask of 64-byte chunks with code, u32 map of each chunk (64 × u32 operation by offset in the chunk), 0 when it has none. */
export const PAGE_ADDRESS: u32 = 0;
export const PAGE_MODE: u32 = 4;
export const PAGE_OTHER: u32 = 8;
export const PAGE_RUNS: u32 = 12;
export const PAGE_CHUNKS: u32 = 16;
export const PAGE_MAP: u32 = 32;
export const PAGE_RECORD: u32 = PAGE_MAP + 64 * 4;
const CHUNK_MAP: u32 = 64 * 4;
/** Most bytes of chunk maps that one run may need: it may touch every chunk. */
export const CHUNK_MAPS: u32 = 64 * CHUNK_MAP;

/** Run header, OP_SIZE bytes before its first operation: u32 next run of the page, u32 operations. */
export const RUN_NEXT: u32 = 0;
export const RUN_COUNT: u32 = 4;

/** Slot of a RAM page in CODE_PAGES. */
@inline
export function slotOf(cpu: u32, page: u32): u32 {
  return CODE_PAGES + ((page - load<u32>(cpu + RAM_BASE)) >> 12) * 4;
}

/** Whether decoded code lies in the RAM page at linear-memory address `page`. */
@inline
export function isCodePage(cpu: u32, page: u32): bool {
  return load<u32>(slotOf(cpu, page)) != 0;
}

/** Take `size` bytes (a multiple of OP_SIZE) of the arena; lookup made sure that they are there. */
export function allocate(cpu: u32, size: u32): u32 {
  const at = load<u32>(cpu + ARENA_NEXT);
  store<u32>(cpu + ARENA_NEXT, at + size);
  return at;
}

/** Operation at an offset of a page; 0 when none was decoded there. */
@inline
export function decodedAt(record: u32, offset: u32): u32 {
  const map = load<u32>(record + PAGE_MAP + (offset >> 6) * 4);
  return map ? load<u32>(map + (offset & 63) * 4) : 0;
}

/** Note the operation at an offset of a page. */
export function noteDecoded(cpu: u32, record: u32, offset: u32, op: u32): void {
  const slot = record + PAGE_MAP + (offset >> 6) * 4;
  let map = load<u32>(slot);
  if (!map) {
    map = allocate(cpu, CHUNK_MAP);
    memory.fill(map, 0, CHUNK_MAP);
    store<u32>(slot, map);
  }
  store<u32>(map + (offset & 63) * 4, op);
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
  forgetCompiled(cpu);
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
