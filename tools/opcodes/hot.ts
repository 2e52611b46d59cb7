// The operations that the loop itself executes: for each, the text of its `case` in the generated interpreter. A body ends
// in `continue` (after moving pc) or leaves the switch by `break` with `status` set. What they mean is in asm/cpu/hot.ts.

const NEXT = 'pc += OP_SIZE; continue;';
const FAULT = '{ status = FAULT; break; }';
const TYPES = { 8: 'u8', 16: 'u16', 32: 'u32', 64: 'u64' } as const;
type Bits = keyof typeof TYPES;
const ALL: Bits[] = [8, 16, 32, 64];

/** Operations that no instruction decodes to by itself. ILLEGAL is number 0: what an empty table entry means. */
export const SPECIAL = [
  'ILLEGAL',
  'TOO_LONG',
  'RESYNC',
  'LINK',
  'NEXT_PAGE',
  'CROSS',
  'NOP',
  'JIT_SYSTEM',
  'JIT_USER',
] as const;

export const HOT = new Map<string, string>();
export const FUSED = new Map<string, string>();

function define(name: string, body: string): void {
  HOT.set(name, body);
}

const fetch = (form: 'read' | 'modify' | 'write', type: string) =>
  `const at = ${form}Hot<${type}>(cpu, pc, tlb); if (!at) ${FAULT}`;
/** A store may have gone to a device or across pages: then finish it and look around. */
const finish =
  'if (at < RAM_BASE_MIN) { commit(cpu, at); store<u64>(cpu + RIP, nextRip(cpu, pc)); status = JUMP; break; }';

function defineArithmetic(): void {
  for (const mnemonic of ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp', 'test']) {
    const keeps = mnemonic === 'cmp' || mnemonic === 'test';
    for (const bits of ALL) {
      const type = TYPES[bits];
      const apply = (a: string, b: string) => `${mnemonic}<${type}>(cpu, ${a}, ${b})`;
      const dst = `dst<${type}>(cpu, pc)`;
      const src = `src<${type}>(cpu, pc)`;
      const imm = `imm<${type}>(pc)`;
      const toRegister = (value: string) =>
        keeps ? `${value}; ${NEXT}` : `setDst<${type}>(cpu, pc, ${value}); ${NEXT}`;
      const toMemory = (b: string) =>
        keeps
          ? `${fetch('read', type)} ${apply(`load<${type}>(at)`, b)}; ${NEXT}`
          : `${fetch('modify', type)} store<${type}>(at, ${apply(`load<${type}>(at)`, b)}); ${finish} ${NEXT}`;
      const name = mnemonic.toUpperCase();
      define(`${name}_RR_${bits}`, toRegister(apply(dst, src)));
      define(`${name}_RI_${bits}`, toRegister(apply(dst, imm)));
      define(`${name}_MR_${bits}`, toMemory(src));
      define(`${name}_MI_${bits}`, toMemory(imm));
      if (mnemonic !== 'test')
        define(`${name}_RM_${bits}`, `${fetch('read', type)} ${toRegister(apply(dst, `load<${type}>(at)`))}`);
    }
  }
  for (const mnemonic of ['inc', 'dec', 'not', 'neg']) {
    for (const bits of ALL) {
      const type = TYPES[bits];
      define(
        `${mnemonic.toUpperCase()}_R_${bits}`,
        `setDst<${type}>(cpu, pc, ${mnemonic}<${type}>(cpu, dst<${type}>(cpu, pc))); ${NEXT}`,
      );
      define(
        `${mnemonic.toUpperCase()}_M_${bits}`,
        `${fetch('modify', type)} store<${type}>(at, ${mnemonic}<${type}>(cpu, load<${type}>(at))); ${finish} ${NEXT}`,
      );
    }
  }
}

/** Shifts and multiplications of 32 and 64 bits; asm/cpu/integer has what they mean. */
function defineShifts(): void {
  const shifts = { SHL: 'shiftLeft', SHR: 'shiftRight', SAR: 'shiftArithmetic', ROL: 'rotateLeft', ROR: 'rotateRight' };
  const counts = { _RI_: 'imm<u8>(pc)', _R_: '1', _CL_R_: 'load<u8>(cpu + RCX)' };
  for (const bits of [32, 64] as const) {
    const type = TYPES[bits];
    for (const [name, shift] of Object.entries(shifts)) {
      for (const [form, count] of Object.entries(counts)) {
        define(
          `${name}${form}${bits}`,
          `setDst<${type}>(cpu, pc, ${shift}<${type}>(cpu, dst<${type}>(cpu, pc), ${count})); ${NEXT}`,
        );
      }
    }
    const signed = `i${bits}`;
    const multiply = (a: string, b: string) =>
      `setDst<${type}>(cpu, pc, <${type}>multiplyTruncated<${signed}>(cpu, ${a}, ${b})); ${NEXT}`;
    const dst = `dst<${signed}>(cpu, pc)`;
    const src = `src<${signed}>(cpu, pc)`;
    define(`IMUL_RR_${bits}`, multiply(dst, src));
    define(`IMUL_RM_${bits}`, `${fetch('read', signed)} ${multiply(dst, `load<${signed}>(at)`)}`);
    define(`IMUL_RRI_${bits}`, multiply(src, `imm<${signed}>(pc)`));
    define(`MUL_R_${bits}`, `multiply<${type}>(cpu, dst<${type}>(cpu, pc)); ${NEXT}`);
  }
}

function defineMoves(): void {
  for (const bits of ALL) {
    const type = TYPES[bits];
    define(`MOV_RR_${bits}`, `setDst<${type}>(cpu, pc, src<${type}>(cpu, pc)); ${NEXT}`);
    define(`MOV_RI_${bits}`, `setDst<${type}>(cpu, pc, imm<${type}>(pc)); ${NEXT}`);
    define(`MOV_RM_${bits}`, `${fetch('read', type)} setDst<${type}>(cpu, pc, load<${type}>(at)); ${NEXT}`);
    define(`MOV_MR_${bits}`, `${fetch('write', type)} store<${type}>(at, src<${type}>(cpu, pc)); ${finish} ${NEXT}`);
    define(`MOV_MI_${bits}`, `${fetch('write', type)} store<${type}>(at, imm<${type}>(pc)); ${finish} ${NEXT}`);
  }
  const extensions = { MOVZX_B: 'u8', MOVZX_W: 'u16', MOVSX_B: 'i8', MOVSX_W: 'i16', MOVSXD: 'i32' };
  for (const [name, source] of Object.entries(extensions)) {
    for (const bits of [16, 32, 64] as const) {
      const to = TYPES[bits];
      // A 32-bit MOVSXD extends nothing; its destination is zero-extended like any other.
      const from = source === 'i32' && bits === 32 ? to : source;
      const signed = from.startsWith('i') ? `i${bits}` : to;
      define(`${name}_RR_${bits}`, `setDst<${to}>(cpu, pc, <${to}><${signed}>src<${from}>(cpu, pc)); ${NEXT}`);
      define(
        `${name}_RM_${bits}`,
        `${fetch('read', from)} setDst<${to}>(cpu, pc, <${to}><${signed}>load<${from}>(at)); ${NEXT}`,
      );
    }
  }
  for (const bits of [16, 32, 64] as const) {
    const type = TYPES[bits];
    define(`LEA_RM_${bits}`, `setDst<${type}>(cpu, pc, <${type}>leaHot(cpu, pc)); ${NEXT}`);
  }
}

function defineStack(): void {
  const push = (value: string) =>
    `const value = ${value}; const at = pushHot(cpu, tlb); if (!at) ${FAULT} store<u64>(at, value); store<u64>(cpu + RSP, load<u64>(cpu + RSP) - 8); ${finish}`;
  define('PUSH_R_64', `${push('dst<u64>(cpu, pc)')} ${NEXT}`);
  define('PUSH_I_64', `${push('load<u64>(pc + OP_IMM)')} ${NEXT}`);
  define(
    'POP_R_64',
    `const at = popHot(cpu, tlb); if (!at) ${FAULT} const value = load<u64>(at); store<u64>(cpu + RSP, load<u64>(cpu + RSP) + 8); setDst<u64>(cpu, pc, value); ${NEXT}`,
  );
  define(
    'LEAVE_64',
    `const frame = load<u64>(cpu + RBP); const at = readLinear(cpu, tlb, frame, 8, SS_FAULT); if (!at) ${FAULT} store<u64>(cpu + RSP, frame + 8); store<u64>(cpu + RBP, load<u64>(at)); ${NEXT}`,
  );
}

/** Leave the loop's straight line at a branch: what was executed since `start` counts. */
const account = (operations: number) => `left -= <i32>(pc - start) + ${operations} * OP_SIZE;`;

/** Take a branch of record `at` whose target lies in this page: its link holds as long as the page's code does. */
const takeLocal = (at: string, operations: number) =>
  `${account(operations)} const target = load<u32>(${at} + OP_LINK); if (target && left > 0) { pc = target; start = target; continue; } ` +
  `store<u64>(cpu + RIP, wrapRip(cpu, load<u64>(cpu + RIP_BASE) + load<i32>(${at} + OP_DISP))); from = ${at}; status = TAKEN; break;`;

/** Take a direct branch to another page: its link holds for one CODE_KEY. */
const takeFar =
  `const rip = load<u64>(cpu + RIP_BASE) + load<i32>(pc + OP_DISP); ${account(1)} ` +
  'if (load<u32>(pc + OP_LINK_KEY) == load<u32>(cpu + CODE_KEY) && left > 0) { pc = load<u32>(pc + OP_LINK); start = pc; enter(cpu, pc, rip); continue; } ' +
  'store<u64>(cpu + RIP, rip); from = pc; status = TAKEN; break;';

/** Go to `rip` by the jump cache. */
const takeIndirect =
  `${account(1)} const cached = jumpCached(cpu, rip); ` +
  'if (cached && left > 0) { pc = cached; start = pc; enter(cpu, pc, rip); continue; } store<u64>(cpu + RIP, rip); status = TAKEN; break;';

const CONDITIONS = ['O', 'NO', 'B', 'AE', 'E', 'NE', 'BE', 'A', 'S', 'NS', 'P', 'NP', 'L', 'GE', 'LE', 'G'];

function defineConditional(): void {
  // In the order of condition codes and without gaps: the decoder counts on it when it fuses.
  for (const condition of CONDITIONS) {
    define(`J${condition}_LOCAL`, `if (!condition${condition}(cpu)) { ${NEXT} } ${takeLocal('pc', 1)}`);
  }
  for (const condition of CONDITIONS) {
    define(`J${condition}_J_64`, `if (!condition${condition}(cpu)) { ${NEXT} } ${takeFar}`);
    define(`SET${condition}_R_8`, `setDst<u8>(cpu, pc, <u8>condition${condition}(cpu)); ${NEXT}`);
    for (const bits of [32, 64] as const) {
      const type = TYPES[bits];
      const move = (value: string) => `setDst<${type}>(cpu, pc, ${value}<${type}>(cpu, pc));`;
      // A 32-bit CMOV clears the upper half even when it does not move.
      const otherwise = bits === 32 ? ` else ${move('dst')}` : '';
      define(`CMOV${condition}_RR_${bits}`, `if (condition${condition}(cpu)) ${move('src')}${otherwise} ${NEXT}`);
    }
  }
}

function defineBranches(): void {
  define('JMP_J_64', takeFar);
  define('JMP_LOCAL', takeLocal('pc', 1));
  const pushReturn =
    `const sp = pushHot(cpu, tlb); if (!sp) ${FAULT} store<u64>(sp, load<u64>(cpu + RIP_BASE) + load<u16>(pc + OP_PAGE_OFFSET) + load<u8>(pc + OP_LEN)); ` +
    'commit(cpu, sp); store<u64>(cpu + RSP, load<u64>(cpu + RSP) - 8);';
  const canonicalTarget = `if (!canonical(rip)) { raiseError(cpu, GP, 0); status = FAULT; break; }`;
  define('CALL_J_64', `${pushReturn} ${takeFar}`);
  define('CALL_R_64', `const rip = dst<u64>(cpu, pc); ${canonicalTarget} ${pushReturn} ${takeIndirect}`);
  define(
    'CALL_M_64',
    `${fetch('read', 'u64')} const rip = load<u64>(at); ${canonicalTarget} ${pushReturn} ${takeIndirect}`,
  );
  define('JMP_R_64', `const rip = dst<u64>(cpu, pc); ${canonicalTarget} ${takeIndirect}`);
  define('JMP_M_64', `${fetch('read', 'u64')} const rip = load<u64>(at); ${canonicalTarget} ${takeIndirect}`);
  const ret = (extra: string) =>
    `const at = popHot(cpu, tlb); if (!at) ${FAULT} const rip = load<u64>(at); ${canonicalTarget} store<u64>(cpu + RSP, load<u64>(cpu + RSP) + 8${extra}); ${takeIndirect}`;
  define('RET_64', ret(''));
  define('RET_I_64', ret(' + load<u64>(pc + OP_IMM)'));
}

/** First operations of pairs that the decoder fuses with a conditional branch inside their page, and how each condition reads then. */
const COMPARE: Record<string, (a: string, b: string, signed: string) => string> = {
  B: (a, b) => `${a} < ${b}`,
  AE: (a, b) => `${a} >= ${b}`,
  E: (a, b) => `${a} == ${b}`,
  NE: (a, b) => `${a} != ${b}`,
  BE: (a, b) => `${a} <= ${b}`,
  A: (a, b) => `${a} > ${b}`,
  L: (a, b, s) => `<${s}>${a} < <${s}>${b}`,
  GE: (a, b, s) => `<${s}>${a} >= <${s}>${b}`,
  LE: (a, b, s) => `<${s}>${a} <= <${s}>${b}`,
  G: (a, b, s) => `<${s}>${a} > <${s}>${b}`,
};
const TEST: Record<string, (value: string, signed: string) => string> = {
  E: (v) => `${v} == 0`,
  NE: (v) => `${v} != 0`,
  S: (v, s) => `<${s}>${v} < 0`,
  NS: (v, s) => `<${s}>${v} >= 0`,
  LE: (v, s) => `<${s}>${v} <= 0`,
  G: (v, s) => `<${s}>${v} > 0`,
};
const COMPARE_BASES = [
  'CMP_RR_32',
  'CMP_RR_64',
  'CMP_RI_8',
  'CMP_RI_32',
  'CMP_RI_64',
  'CMP_RM_32',
  'CMP_RM_64',
  'CMP_MR_64',
  'CMP_MI_8',
  'CMP_MI_32',
];
const TEST_BASES = ['TEST_RR_8', 'TEST_RR_32', 'TEST_RR_64', 'TEST_RI_8', 'TEST_MI_8'];

function operandsOf(base: string): { fetch: string; a: string; b: string; type: string } {
  const [, kinds, bits] = base.split('_') as [string, string, string];
  const type = `u${bits}`;
  const one = (kind: string, register: string) =>
    kind === 'M' ? `load<${type}>(at)` : kind === 'I' ? `imm<${type}>(pc)` : `${register}<${type}>(cpu, pc)`;
  return {
    fetch: kinds.includes('M') ? fetch('read', type) : '',
    a: one(kinds[0]!, 'dst'),
    b: one(kinds[1]!, kinds[0] === 'M' ? 'src' : 'src'),
    type,
  };
}

function defineFused(): void {
  const branch = (test: string) => `if (${test}) { ${takeLocal('(pc + OP_SIZE)', 2)} } pc += 2 * OP_SIZE; continue;`;
  for (const base of COMPARE_BASES) {
    const { fetch: get, a, b, type } = operandsOf(base);
    for (const [condition, test] of Object.entries(COMPARE)) {
      FUSED.set(
        `${base}_J${condition}`,
        `${get} const a = ${a}; const b = ${b}; cmp<${type}>(cpu, a, b); ${branch(test('a', 'b', type.replace('u', 'i')))}`,
      );
    }
  }
  for (const base of TEST_BASES) {
    const { fetch: get, a, b, type } = operandsOf(base);
    for (const [condition, test] of Object.entries(TEST)) {
      FUSED.set(
        `${base}_J${condition}`,
        `${get} const value = ${a} & ${b}; flagsLogic<${type}>(cpu, value); ${branch(test('value', type.replace('u', 'i')))}`,
      );
    }
  }
}

/** Fused operation of a base operation and a condition, by name. */
export function fusedPairs(): { base: string; condition: number; fused: string }[] {
  return [...FUSED.keys()].map((fused) => {
    const cut = fused.lastIndexOf('_J');
    return { base: fused.slice(0, cut), condition: CONDITIONS.indexOf(fused.slice(cut + 2)), fused };
  });
}

defineArithmetic();
defineShifts();
defineMoves();
defineStack();
defineConditional();
defineBranches();
defineFused();

/** Run compiled code; it answers what is left, and the operation to go on with or a status to settle. */
function compiled(test: '==' | '!='): string {
  const enter =
    'const result = enterCompiled(cpu, pc, left); left = <i32>(result >> 32); pc = <u32>result & ~(OP_SIZE - 1); start = pc; ' +
    'status = <u32>result & (OP_SIZE - 1); if (status == OK) continue; break;';
  return (
    `left -= <i32>(pc - start); if (tlb ${test} cpu + TLB) { if (left > 0) { ${enter} } store<u64>(cpu + RIP, currentRip(cpu, pc)); status = TAKEN; break; } ` +
    'pc = originalOf(pc); start = pc; continue;'
  );
}

/** Bodies of the special operations. */
export const SPECIAL_BODIES: Record<(typeof SPECIAL)[number], string> = {
  ILLEGAL: 'status = raise(cpu, UD); break;',
  TOO_LONG: 'status = raiseError(cpu, GP, 0); break;',
  // Stale code, the end of a stepped instruction or of one that crossed a page: go on at its address by a look-up.
  RESYNC: 'left -= <i32>(pc - start); store<u64>(cpu + RIP, currentRip(cpu, pc)); status = TAKEN; break;',
  LINK: 'left -= <i32>(pc - start); const target = load<u32>(pc + OP_LINK); if (target && left > 0) { pc = target; start = target; continue; } store<u64>(cpu + RIP, currentRip(cpu, pc)); from = pc; status = TAKEN; break;',
  NEXT_PAGE:
    'left -= <i32>(pc - start); const rip = currentRip(cpu, pc); if (load<u32>(pc + OP_LINK_KEY) == load<u32>(cpu + CODE_KEY) && left > 0) { pc = load<u32>(pc + OP_LINK); start = pc; enter(cpu, pc, rip); continue; } store<u64>(cpu + RIP, rip); from = pc; status = TAKEN; break;',
  CROSS:
    'left -= <i32>(pc - start); const op = crossing(cpu, pc); if (!op) { store<u64>(cpu + RIP, currentRip(cpu, pc)); status = FETCH_FAULT; break; } pc = op; start = op; continue;',
  NOP: NEXT,
  // Compiled code of the privilege that the first or the second TLB serves; else what was there before.
  JIT_SYSTEM: compiled('=='),
  JIT_USER: compiled('!='),
};
