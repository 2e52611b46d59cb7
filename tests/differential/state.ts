/**
 * A processor state as the stub loads and stores it: an FXSAVE image (Intel SDM vol. 1, table 10-2), then the general
 * registers in the order of their encodings, RFLAGS, and how the instruction ended.
 */
export const FX = 0x000;
export const FX_FCW = 0x00;
export const FX_FSW = 0x02;
export const FX_TAGS = 0x04;
export const FX_FOP = 0x06;
export const FX_FIP = 0x08;
export const FX_FDP = 0x10;
export const FX_MXCSR = 0x18;
export const FX_ST = 0x20;
export const FX_XMM = 0xa0;
export const GPRS = 0x200;
export const FLAGS = 0x280;
/** Vector of the exception, 0xffffffff where there was none. */
export const VECTOR = 0x288;
/** Instruction pointer at the exception. */
export const FAULT_RIP = 0x290;
export const STATE_SIZE = 0x300;

export const NO_VECTOR = 0xffffffff;
/** The guest did not come to an end within its budget. */
export const HUNG = 0xfffffffe;

/** Arithmetic flags and DF, and the rest that user mode sees. RF and TF are none of an instruction's results. */
export const CF = 0x001;
export const PF = 0x004;
export const AF = 0x010;
export const ZF = 0x040;
export const SF = 0x080;
export const DF = 0x400;
export const OF = 0x800;
export const ARITHMETIC = CF | PF | AF | ZF | SF | OF;
export const VISIBLE_FLAGS = ARITHMETIC | DF | 0x40000 | 0x200000 | 0x7200;

export const REGISTER_NAMES = [
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsp',
  'rbp',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];

/** Views of one state. */
export class State {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly words: Uint32Array;

  constructor(buffer: ArrayBufferLike = new ArrayBuffer(STATE_SIZE), at = 0) {
    this.bytes = new Uint8Array(buffer, at, STATE_SIZE);
    this.view = new DataView(buffer, at, STATE_SIZE);
    this.words = new Uint32Array(buffer, at, STATE_SIZE / 4);
  }

  copyFrom(other: State): void {
    this.words.set(other.words);
  }

  gpr(register: number): bigint {
    return this.view.getBigUint64(GPRS + register * 8, true);
  }

  setGpr(register: number, value: bigint): void {
    this.view.setBigUint64(GPRS + register * 8, value, true);
  }

  get flags(): number {
    return this.view.getUint32(FLAGS, true);
  }

  set flags(value: number) {
    this.view.setUint32(FLAGS, value, true);
    this.view.setUint32(FLAGS + 4, 0, true);
  }

  get vector(): number {
    return this.view.getUint32(VECTOR, true);
  }

  set vector(value: number) {
    this.view.setUint32(VECTOR, value, true);
  }

  get faultRip(): bigint {
    return this.view.getBigUint64(FAULT_RIP, true);
  }
}

const hex = (value: number | bigint, digits: number) => value.toString(16).padStart(digits, '0');

/** A state for a reader, as short as it can be. */
export function describe(state: State, wide: boolean): string {
  const lines: string[] = [];
  for (let i = 0; i < (wide ? 16 : 8); i += 4) {
    const group = [0, 1, 2, 3].map((n) => `${REGISTER_NAMES[i + n]!.padStart(3)} ${hex(state.gpr(i + n), 16)}`);
    lines.push(group.join('  '));
  }
  const { view } = state;
  const end = state.vector === NO_VECTOR ? '' : `  vector ${state.vector} at ${hex(state.faultRip, 8)}`;
  lines.push(
    `flags ${hex(state.flags, 8)}  fcw ${hex(view.getUint16(FX_FCW, true), 4)}  fsw ${hex(view.getUint16(FX_FSW, true), 4)}` +
      `  tags ${hex(view.getUint8(FX_TAGS), 2)}  mxcsr ${hex(view.getUint32(FX_MXCSR, true), 8)}${end}`,
  );
  for (let i = 0; i < 8; i++) {
    lines.push(`st${i} ${extended(state, i)}  ${xmm(state, i)}${wide ? `  ${xmm(state, i + 8)}` : ''}`);
  }
  return lines.map((line) => `    ${line}`).join('\n');
}

/** The items that `compare` named. */
export function describeItems(state: State, items: readonly string[]): string {
  return items.map((item) => `${item} ${describeItem(state, item)}`).join('  ');
}

function describeItem(state: State, item: string): string {
  const { view } = state;
  const register = REGISTER_NAMES.indexOf(item);
  if (register >= 0) return hex(state.gpr(register), 16);
  if (item.startsWith('xmm')) return xmm(state, Number(item.slice(3))).replace(/^\S+ /, '');
  if (item.startsWith('st')) return extended(state, Number(item.slice(2)));
  switch (item) {
    case 'flags':
      return hex(state.flags, 8);
    case 'fcw':
      return hex(view.getUint16(FX_FCW, true), 4);
    case 'fsw':
      return hex(view.getUint16(FX_FSW, true), 4);
    case 'tags':
      return hex(view.getUint8(FX_TAGS), 2);
    case 'mxcsr':
      return hex(view.getUint32(FX_MXCSR, true), 8);
    case 'vector':
    case 'rip':
      return state.vector === NO_VECTOR ? 'none' : `${state.vector} at ${hex(state.faultRip, 8)}`;
    case 'x87-instruction':
      return `${hex(view.getUint16(FX_FOP, true), 4)} at ${hex(view.getUint32(FX_FIP, true), 8)}`;
    case 'x87-operand':
      return hex(view.getUint32(FX_FDP, true), 8);
    default:
      return '';
  }
}

function extended(state: State, n: number): string {
  const at = FX_ST + n * 16;
  return `${hex(state.view.getUint16(at + 8, true), 4)}.${hex(state.view.getBigUint64(at, true), 16)}`;
}

function xmm(state: State, n: number): string {
  const at = FX_XMM + n * 16;
  const { view } = state;
  return `xmm${n} ${hex(view.getBigUint64(at + 8, true), 16)}_${hex(view.getBigUint64(at, true), 16)}`;
}
