// A run: operations decoded one after another from a page offset on, until nothing falls through any more, the page ends,
// or decoded code is met again. Compare-and-branch pairs are fused on the way.
import { COUNT_DECODED, FETCH } from "../layout/cpu";
import { OP, OP_LINK, OP_PAGE_OFFSET, OP_SIZE, OP_UNFUSED } from "../layout/op";
import { FUSED_BASES, FUSED_OPS } from "../generated/decode-tables";
import { CROSS, ILLEGAL, JG_LOCAL, JO_LOCAL, LINK, NEXT_PAGE } from "../generated/ops";
import { allocate, decodedAt, noteDecoded, PAGE_ADDRESS, PAGE_CHUNKS, PAGE_MODE, PAGE_RUNS, RUN_COUNT, RUN_NEXT } from "./code-pages";
import { decode, DECODE_READS, ENDS } from "./decode";

/** Most operations of one run. */
export const RUN_MAX: u32 = 64;

const PAGE_BYTES: u32 = 0x1000;

/** Decode a run of the page `record` from `offset` on; answers its first operation. */
export function decodeRun(cpu: u32, record: u32, offset: u32): u32 {
  const page = load<u32>(record + PAGE_ADDRESS);
  const mode = load<u32>(record + PAGE_MODE);
  const run = allocate(cpu, (RUN_MAX + 2) * OP_SIZE);
  let op = run + OP_SIZE;
  let at = offset;
  let chunks = load<u64>(record + PAGE_CHUNKS);
  let ended = false;
  let decodedEnd = op;
  while (!ended) {
    const known = at < PAGE_BYTES ? decodedAt(record, at) : 0;
    if (known || at >= PAGE_BYTES || op == run + OP_SIZE + RUN_MAX * OP_SIZE) {
      link(op, at, known);
      op += OP_SIZE;
      break;
    }
    const decoded = decodeAt(cpu, page + at, mode, at, op);
    const length = decoded & 0xff;
    ended = (decoded & ENDS) != 0;
    if (op > run + OP_SIZE) fuse(op - OP_SIZE, op);
    chunks |= (<u64>1 << (at >> 6)) | (<u64>1 << (min(at + length - 1, PAGE_BYTES - 1) >> 6));
    at += length;
    op += OP_SIZE;
    decodedEnd = op;
  }
  store<u64>(record + PAGE_CHUNKS, chunks);
  const count = (op - run) / OP_SIZE - 1;
  store<u32>(run + RUN_COUNT, count);
  store<u32>(run + RUN_NEXT, load<u32>(record + PAGE_RUNS));
  store<u32>(record + PAGE_RUNS, run);
  store<u32>(cpu + COUNT_DECODED, load<u32>(cpu + COUNT_DECODED) + count);
  giveBack(cpu, op);
  for (let known = run + OP_SIZE; known < decodedEnd; known += OP_SIZE) {
    noteDecoded(cpu, record, load<u16>(known + OP_PAGE_OFFSET), known);
  }
  return run + OP_SIZE;
}

/** Return the unused end of the run just allocated. */
function giveBack(cpu: u32, end: u32): void {
  const unused = allocate(cpu, 0) - end;
  allocate(cpu, 0 - unused);
}

/** Close a run: go on at an operation that exists, in the next page, or where decoding will go on. */
function link(op: u32, offset: u32, known: u32): void {
  memory.fill(op, 0, OP_SIZE);
  store<u16>(op + OP, <u16>(offset >= PAGE_BYTES ? NEXT_PAGE : LINK));
  store<u16>(op + OP_PAGE_OFFSET, <u16>offset);
  store<u32>(op + OP_LINK, known);
}

/** Decode one instruction; one that runs over the page's end becomes CROSS, because what follows there may change. */
function decodeAt(cpu: u32, bytes: u32, mode: u32, offset: u32, op: u32): u32 {
  const room = PAGE_BYTES - offset;
  // What is behind the page may be the end of linear memory.
  if (room >= DECODE_READS) return decode(bytes, mode, offset, op);
  memory.fill(cpu + FETCH, 0, DECODE_READS);
  memory.copy(cpu + FETCH, bytes, room);
  const decoded = decode(cpu + FETCH, mode, offset, op);
  const length = decoded & 0xff;
  // What makes an opcode illegal may be a ModRM byte in the next page.
  if (length < room || (length == room && load<u16>(op + OP) != ILLEGAL)) return decoded;
  store<u16>(op + OP, <u16>CROSS);
  return room | ENDS;
}

/** Fuse `first` with the conditional branch after it where the generated table has such a pair. */
function fuse(first: u32, branch: u32): void {
  const code = <u32>load<u16>(branch + OP) - JO_LOCAL;
  if (code > JG_LOCAL - JO_LOCAL) return;
  const base = load<u16>(first + OP);
  for (let i = 0; i < FUSED_BASES.length; i++) {
    if (load<u16>(changetype<u32>(FUSED_BASES) + i * 2) != base) continue;
    const fused = load<u16>(changetype<u32>(FUSED_OPS) + (i * 16 + code) * 2);
    if (!fused) return;
    store<u16>(first + OP_UNFUSED, base);
    store<u16>(first + OP, fused);
    return;
  }
}
