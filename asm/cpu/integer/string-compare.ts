// CMPS and SCAS, with REPE (while equal) and REPNE (while different). Forward repetitions look up each page once.
import { ES, FAULT, OK, RAX, RDI, RSI } from "../../layout/cpu";
import { OP_PREFIX, PFX_REPNE } from "../../layout/op";
import { flagsSub, getZF } from "../flags";
import { NOWHERE } from "../linear";
import { addressMask, impliedSegment } from "./operand";
import {
  comparedElement, exhausted, finished, knownReadable, oneByOne, pause, remaining, repeated, runLength, sourceElement,
  step, stringLinear,
} from "./string-unit";

/** Elements compared in a loop over linear memory cost about this many to one that is looked up. */
const RUN_SHARE: u32 = 8;

/** ZF with which a repetition goes on. */
@inline
function wantedZero(pc: u32): u32 {
  return load<u16>(pc + OP_PREFIX) & PFX_REPNE ? 0 : 1;
}

export function scanString<T>(cpu: u32, pc: u32): u32 {
  const mask = addressMask(pc);
  if (!repeated(pc)) return scanElement<T>(cpu, mask);
  const wanted = wantedZero(pc);
  let work: u32 = 0;
  for (let left = remaining(cpu, mask); left != 0; left = remaining(cpu, mask)) {
    if (exhausted(cpu, work)) return pause(cpu, pc);
    const run = scanRun<T>(cpu, mask, left, wanted);
    if (run) {
      step(cpu, RDI, mask, <u64>run * sizeof<T>());
      finished(cpu, mask, run);
      work += run / RUN_SHARE + 1;
    } else {
      if (scanElement<T>(cpu, mask) != OK) return FAULT;
      finished(cpu, mask, 1);
      work++;
    }
    if (getZF(cpu) != wanted) return OK;
  }
  return OK;
}

function scanElement<T>(cpu: u32, mask: u64): u32 {
  const at = comparedElement(cpu, mask, sizeof<T>());
  if (!at) return FAULT;
  const value = load<T>(cpu + RAX);
  flagsSub<T>(cpu, value, <T>(value - load<T>(at)));
  step(cpu, RDI, mask, sizeof<T>());
  return OK;
}

/** Scan elements of one page up to the one that ends the repetition. Answers how many; 0: go element by element. */
function scanRun<T>(cpu: u32, mask: u64, left: u64, wanted: u32): u32 {
  if (oneByOne(cpu)) return 0;
  const di = load<u64>(cpu + RDI) & mask;
  const va = stringLinear(cpu, ES, di, sizeof<T>(), false);
  if (va == NOWHERE) return 0;
  const at = knownReadable(cpu, va);
  if (!at) return 0;
  const run = runLength(va, di, mask, sizeof<T>(), left);
  if (!run || stringLinear(cpu, ES, di, run * sizeof<T>(), false) == NOWHERE) return 0;
  const value = load<T>(cpu + RAX);
  let i: u32 = 0;
  let other: T;
  do {
    other = load<T>(at + i * sizeof<T>());
    i++;
  } while (i < run && u32(other == value) == wanted);
  flagsSub<T>(cpu, value, <T>(value - other));
  return i;
}

export function compareString<T>(cpu: u32, pc: u32): u32 {
  const mask = addressMask(pc);
  if (!repeated(pc)) return compareElement<T>(cpu, pc, mask);
  const wanted = wantedZero(pc);
  let work: u32 = 0;
  for (let left = remaining(cpu, mask); left != 0; left = remaining(cpu, mask)) {
    if (exhausted(cpu, work)) return pause(cpu, pc);
    const run = compareRun<T>(cpu, pc, mask, left, wanted);
    if (run) {
      step(cpu, RSI, mask, <u64>run * sizeof<T>());
      step(cpu, RDI, mask, <u64>run * sizeof<T>());
      finished(cpu, mask, run);
      work += run / RUN_SHARE + 1;
    } else {
      if (compareElement<T>(cpu, pc, mask) != OK) return FAULT;
      finished(cpu, mask, 1);
      work++;
    }
    if (getZF(cpu) != wanted) return OK;
  }
  return OK;
}

function compareElement<T>(cpu: u32, pc: u32, mask: u64): u32 {
  const from = sourceElement(cpu, pc, mask, sizeof<T>());
  if (!from) return FAULT;
  const value = load<T>(from);
  const at = comparedElement(cpu, mask, sizeof<T>());
  if (!at) return FAULT;
  flagsSub<T>(cpu, value, <T>(value - load<T>(at)));
  step(cpu, RSI, mask, sizeof<T>());
  step(cpu, RDI, mask, sizeof<T>());
  return OK;
}

/** Compare elements of one page each, up to the pair that ends the repetition. Answers how many; 0: go element by element. */
function compareRun<T>(cpu: u32, pc: u32, mask: u64, left: u64, wanted: u32): u32 {
  if (oneByOne(cpu)) return 0;
  const segment = impliedSegment(pc);
  const si = load<u64>(cpu + RSI) & mask;
  const di = load<u64>(cpu + RDI) & mask;
  const first = stringLinear(cpu, segment, si, sizeof<T>(), false);
  if (first == NOWHERE) return 0;
  const second = stringLinear(cpu, ES, di, sizeof<T>(), false);
  if (second == NOWHERE) return 0;
  const a = knownReadable(cpu, first);
  const b = knownReadable(cpu, second);
  if (!a || !b) return 0;
  const run = runLength(second, di, mask, sizeof<T>(), runLength(first, si, mask, sizeof<T>(), left));
  const bytes: u32 = run * sizeof<T>();
  if (!run || stringLinear(cpu, segment, si, bytes, false) == NOWHERE) return 0;
  if (stringLinear(cpu, ES, di, bytes, false) == NOWHERE) return 0;
  let i: u32 = 0;
  let value: T;
  let other: T;
  do {
    value = load<T>(a + i * sizeof<T>());
    other = load<T>(b + i * sizeof<T>());
    i++;
  } while (i < run && u32(value == other) == wanted);
  flagsSub<T>(cpu, value, <T>(value - other));
  return i;
}
