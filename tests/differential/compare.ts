import type { Encoding } from './forms.ts';
import { WINDOW } from './region.ts';
import {
  FX_FCW,
  FX_FIP,
  FX_FOP,
  FX_FSW,
  FX_MXCSR,
  FX_ST,
  FX_TAGS,
  FX_XMM,
  GPRS,
  NO_VECTOR,
  REGISTER_NAMES,
  type State,
  VISIBLE_FLAGS,
} from './state.ts';
import { tolerate } from './tolerance.ts';
import { undefinedFlags, type Vendor } from './undefined.ts';

const FSW_SUMMARY = 0x80;

/** What differs between the host's state and ours, for a reader; empty when nothing does. */
export function compare(encoding: Encoding, before: State, host: State, guest: State, vendor: Vendor): string[] {
  const differences: string[] = [];
  const { wide } = encoding;
  if (host.vector !== guest.vector) differences.push('vector');
  else if (host.vector !== NO_VECTOR && host.faultRip !== guest.faultRip) differences.push('rip');
  for (let i = 0; i < (wide ? 16 : 8); i++) {
    const at = GPRS / 4 + i * 2;
    if (host.words[at] !== guest.words[at] || (wide && host.words[at + 1] !== guest.words[at + 1]))
      differences.push(REGISTER_NAMES[i]!);
  }
  const defined = VISIBLE_FLAGS & ~undefinedFlags(encoding, before, vendor);
  if (((host.flags ^ guest.flags) & defined) !== 0) differences.push('flags');
  compareFloat(encoding, host, guest, differences);
  return differences.length === 0 ? differences : tolerate(encoding, host, guest, differences);
}

function compareFloat(encoding: Encoding, host: State, guest: State, differences: string[]): void {
  const same16 = (at: number) => host.view.getUint16(at, true) === guest.view.getUint16(at, true);
  // AMD's processors keep the pointers only while an exception is pending (APM vol. 2, 11.5.4).
  if ((host.view.getUint16(FX_FSW, true) & FSW_SUMMARY) !== 0) {
    const pointers = FX_FIP / 4;
    if (!same16(FX_FOP) || host.words[pointers] !== guest.words[pointers]) differences.push('x87-instruction');
    if (host.words[pointers + 2] !== guest.words[pointers + 2]) differences.push('x87-operand');
  }
  if (!same16(FX_FCW)) differences.push('fcw');
  if (!same16(FX_FSW)) differences.push('fsw');
  if (host.bytes[FX_TAGS] !== guest.bytes[FX_TAGS]) differences.push('tags');
  if (host.words[FX_MXCSR / 4] !== guest.words[FX_MXCSR / 4]) differences.push('mxcsr');
  for (let i = 0; i < 8; i++) {
    const at = FX_ST + i * 16;
    const same =
      host.words[at / 4] === guest.words[at / 4] &&
      host.words[at / 4 + 1] === guest.words[at / 4 + 1] &&
      same16(at + 8);
    if (!same) differences.push(`st${i}`);
  }
  for (let i = 0; i < (encoding.wide ? 16 : 8); i++) {
    const at = (FX_XMM + i * 16) / 4;
    for (let lane = 0; lane < 4; lane++) {
      if (host.words[at + lane] !== guest.words[at + lane]) {
        differences.push(`xmm${i}`);
        break;
      }
    }
  }
}

/** Where FXSAVE writes which bits of MXCSR there are. */
const FX_MXCSR_MASK = 28;

/** The first bytes of memory that differ, for a reader; empty when none do. */
export function compareMemory(encoding: Encoding, host: Uint8Array, guest: Uint8Array, base: number): string[] {
  if (encoding.form.mnemonic === 'fxsave') {
    const at = encoding.address!.target + FX_MXCSR_MASK - base - WINDOW;
    guest.set(host.subarray(at, at + 4), at);
  }
  if (Buffer.compare(host, guest) === 0) return [];
  const first = host.findIndex((byte, i) => byte !== guest[i]);
  const last = host.findLastIndex((byte, i) => byte !== guest[i]);
  const show = (bytes: Uint8Array) =>
    Buffer.from(bytes.subarray(first, Math.min(last + 1, first + 32))).toString('hex');
  return [`memory at 0x${(base + WINDOW + first).toString(16)}: host ${show(host)} ours ${show(guest)}`];
}
