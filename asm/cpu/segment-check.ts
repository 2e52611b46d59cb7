// Segment checks of data accesses outside the flat fast paths (Intel SDM vol. 3, 5.3 and 5.4).
import {
  MODE, MODE_LONG64, MODE_REAL, MODE_V86, FS, SEG, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SIZE, SS,
} from "../layout/cpu";
import { GP, raiseError, SS_FAULT } from "./exception";
import { canonical, NOWHERE } from "./linear";

/** Set in SEG_ATTR when the register holds a null selector. */
export const UNUSABLE: u32 = 0x10000;
const TYPE_CODE: u32 = 8;
const TYPE_EXPAND_DOWN: u32 = 4;
const TYPE_WRITABLE: u32 = 2;
const ATTR_BIG: u32 = 0x4000;

/**
 * Linear address of `size` bytes at offset `ea` of a segment (ES…GS), or NOWHERE with #GP(0) or #SS(0) recorded.
 * In 64-bit mode only FS and GS have a base, and nothing is checked but that the address is canonical.
 */
export function segmentAddress(cpu: u32, segment: u32, ea: u64, size: u32, write: bool): u64 {
  const record = cpu + SEG + segment * SEG_SIZE;
  const mode = load<u32>(cpu + MODE);
  const vector = segment == SS ? SS_FAULT : GP;
  if (mode & MODE_LONG64) {
    const va = segment >= FS ? ea + load<u64>(record + SEG_BASE) : ea;
    if (canonical(va)) return va;
    raiseError(cpu, vector, 0);
    return NOWHERE;
  }
  const attr = load<u32>(record + SEG_ATTR);
  const limit = <u64>load<u32>(record + SEG_LIMIT);
  const last = ea + size - 1;
  let good: bool;
  if (attr & UNUSABLE) good = false;
  else if ((attr & (TYPE_CODE | TYPE_EXPAND_DOWN)) == TYPE_EXPAND_DOWN) {
    good = ea > limit && last <= (attr & ATTR_BIG ? <u64>0xffffffff : <u64>0xffff);
  } else good = last <= limit;
  if (good && !(mode & (MODE_REAL | MODE_V86))) {
    if (write) good = (attr & (TYPE_CODE | TYPE_WRITABLE)) == TYPE_WRITABLE;
    else good = (attr & (TYPE_CODE | TYPE_WRITABLE)) != TYPE_CODE;
  }
  if (good) return (ea + load<u64>(record + SEG_BASE)) & 0xffffffff;
  raiseError(cpu, vector, 0);
  return NOWHERE;
}
