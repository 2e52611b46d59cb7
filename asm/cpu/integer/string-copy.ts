// MOVS, STOS, LODS. Forward repetitions of MOVS and STOS go a page at a time; what they leave in memory is what element by
// element would, overlap included.
import { ES, FAULT, OK, RAX, RDI, RSI } from "../../layout/cpu";
import { commit } from "../access";
import { NOWHERE } from "../linear";
import { addressMask, impliedSegment, setRegister } from "./operand";
import {
  exhausted, finished, knownReadable, oneByOne, pause, remaining, repeated, RUN_COST, runLength, runWritable,
  sourceElement, step, stringLinear, targetElement,
} from "./string-unit";

/** Fewer elements are not worth a run. */
const SHORT: u32 = 4;

export function moveString<T>(cpu: u32, pc: u32): u32 {
  const mask = addressMask(pc);
  if (!repeated(pc)) return moveElement<T>(cpu, pc, mask);
  let work: u32 = 0;
  for (let left = remaining(cpu, mask); left != 0; left = remaining(cpu, mask)) {
    if (exhausted(cpu, work)) return pause(cpu, pc);
    const run = moveRun<T>(cpu, pc, mask, left);
    if (run) {
      step(cpu, RSI, mask, <u64>run * sizeof<T>());
      step(cpu, RDI, mask, <u64>run * sizeof<T>());
      finished(cpu, mask, run);
      work += RUN_COST;
      continue;
    }
    if (moveElement<T>(cpu, pc, mask) != OK) return FAULT;
    finished(cpu, mask, 1);
    work++;
  }
  return OK;
}

function moveElement<T>(cpu: u32, pc: u32, mask: u64): u32 {
  const from = sourceElement(cpu, pc, mask, sizeof<T>());
  if (!from) return FAULT;
  const value = load<T>(from);
  const to = targetElement(cpu, mask, sizeof<T>());
  if (!to) return FAULT;
  store<T>(to, value);
  commit(cpu, to);
  step(cpu, RSI, mask, sizeof<T>());
  step(cpu, RDI, mask, sizeof<T>());
  return OK;
}

/** Move elements of one source and one target page. Answers how many; 0 when it must go element by element. */
function moveRun<T>(cpu: u32, pc: u32, mask: u64, left: u64): u32 {
  if (left < SHORT || oneByOne(cpu)) return 0;
  const segment = impliedSegment(pc);
  const si = load<u64>(cpu + RSI) & mask;
  const di = load<u64>(cpu + RDI) & mask;
  const source = stringLinear(cpu, segment, si, sizeof<T>(), false);
  if (source == NOWHERE) return 0;
  const from = knownReadable(cpu, source);
  if (!from) return 0;
  const target = stringLinear(cpu, ES, di, sizeof<T>(), true);
  if (target == NOWHERE) return 0;
  let run = runLength(source, si, mask, sizeof<T>(), left);
  run = runLength(target, di, mask, sizeof<T>(), run);
  if (run < SHORT) return 0;
  const bytes: u32 = run * sizeof<T>();
  if (stringLinear(cpu, segment, si, bytes, false) == NOWHERE) return 0;
  if (stringLinear(cpu, ES, di, bytes, true) == NOWHERE) return 0;
  const to = runWritable(cpu, target, bytes);
  if (!to) return 0;
  copyForward<T>(to, from, bytes);
  return run;
}

/** Copy as a loop over elements from the bottom up would: what was written is read again where the areas overlap. */
function copyForward<T>(to: u32, from: u32, bytes: u32): void {
  const distance = to - from;
  if (to <= from || distance >= bytes) {
    memory.copy(to, from, bytes);
    return;
  }
  if (distance < sizeof<T>()) {
    for (let i: u32 = 0; i < bytes; i += sizeof<T>()) store<T>(to + i, load<T>(from + i));
    return;
  }
  // The first `distance` bytes repeat: the part that is already there doubles with every copy.
  repeatPattern(from, distance, distance + bytes);
}

/** Make `total` bytes at `at` repetitions of the first `period` ones. */
function repeatPattern(at: u32, period: u32, total: u32): void {
  for (let done = period; done < total; ) {
    const more = done < total - done ? done : total - done;
    memory.copy(at + done, at, more);
    done += more;
  }
}

export function storeString<T>(cpu: u32, pc: u32): u32 {
  const mask = addressMask(pc);
  if (!repeated(pc)) return storeElement<T>(cpu, mask);
  let work: u32 = 0;
  for (let left = remaining(cpu, mask); left != 0; left = remaining(cpu, mask)) {
    if (exhausted(cpu, work)) return pause(cpu, pc);
    const run = storeRun<T>(cpu, mask, left);
    if (run) {
      step(cpu, RDI, mask, <u64>run * sizeof<T>());
      finished(cpu, mask, run);
      work += RUN_COST;
      continue;
    }
    if (storeElement<T>(cpu, mask) != OK) return FAULT;
    finished(cpu, mask, 1);
    work++;
  }
  return OK;
}

function storeElement<T>(cpu: u32, mask: u64): u32 {
  const to = targetElement(cpu, mask, sizeof<T>());
  if (!to) return FAULT;
  store<T>(to, load<T>(cpu + RAX));
  commit(cpu, to);
  step(cpu, RDI, mask, sizeof<T>());
  return OK;
}

/** Fill elements of one page. Answers how many; 0 when it must go element by element. */
function storeRun<T>(cpu: u32, mask: u64, left: u64): u32 {
  if (left < SHORT || oneByOne(cpu)) return 0;
  const di = load<u64>(cpu + RDI) & mask;
  const target = stringLinear(cpu, ES, di, sizeof<T>(), true);
  if (target == NOWHERE) return 0;
  const run = runLength(target, di, mask, sizeof<T>(), left);
  if (run < SHORT) return 0;
  const bytes: u32 = run * sizeof<T>();
  if (stringLinear(cpu, ES, di, bytes, true) == NOWHERE) return 0;
  const to = runWritable(cpu, target, bytes);
  if (!to) return 0;
  const value = load<T>(cpu + RAX);
  const byte = load<u8>(cpu + RAX);
  if (<u64>value == (<u64>byte * 0x0101010101010101) & (~(<u64>0) >> (64 - sizeof<T>() * 8))) {
    memory.fill(to, byte, bytes);
    return run;
  }
  store<T>(to, value);
  repeatPattern(to, sizeof<T>(), bytes);
  return run;
}

/** LODS; repeated, it keeps the last element. */
export function loadString<T>(cpu: u32, pc: u32): u32 {
  const mask = addressMask(pc);
  if (!repeated(pc)) return loadElement<T>(cpu, pc, mask);
  for (let work: u32 = 0; remaining(cpu, mask) != 0; work++) {
    if (exhausted(cpu, work)) return pause(cpu, pc);
    if (loadElement<T>(cpu, pc, mask) != OK) return FAULT;
    finished(cpu, mask, 1);
  }
  return OK;
}

function loadElement<T>(cpu: u32, pc: u32, mask: u64): u32 {
  const from = sourceElement(cpu, pc, mask, sizeof<T>());
  if (!from) return FAULT;
  setRegister<T>(cpu + RAX, load<T>(from));
  step(cpu, RSI, mask, sizeof<T>());
  return OK;
}
