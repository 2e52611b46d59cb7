import { FUSED, HOT, SPECIAL, SPECIAL_BODIES } from './hot.ts';

interface Executor {
  readonly name: string;
  readonly first: number;
  readonly names: readonly string[];
  readonly executor: string;
}

/** File that exports a group's executor: `sse.move` is in asm/cpu/sse/…, re-exported by asm/cpu/executors.ts. */
const EXECUTORS = '../cpu/executors';

/** The operations' loop: one switch over the hot operations, everything else through its group's executor. */
export function interpreterSource(groups: readonly Executor[]): string {
  const families = groups.filter((group) => group.name !== 'loop');
  const cases = [...SPECIAL.map((name) => [name, SPECIAL_BODIES[name]] as const), ...HOT, ...FUSED].map(
    ([name, body]) => `      case ops.${name}: { ${body} }`,
  );
  const rare = families.flatMap((group) =>
    Array.from(
      { length: Math.ceil(group.names.length / 256) },
      (_, block) => `    case ${group.first / 256 + block}: return ${group.executor}(cpu, pc, op);`,
    ),
  );
  return `
import {
  CHARGED, CODE_KEY, FAULT, JUMP, OK, RBP, RCX, RIP, RIP_BASE, RSP,
} from "../layout/cpu";
import { RAM_BASE_MIN } from "../layout/memory";
import { OP_DISP, OP_IMM, OP_LEN, OP_LINK, OP_LINK_KEY, OP_PAGE_OFFSET, OP_SIZE } from "../layout/op";
import { commit, readLinear } from "../cpu/access";
import { crossing } from "../cpu/alone";
import { GP, raise, raiseError, SS_FAULT, UD } from "../cpu/exception";
import { flagsLogic } from "../cpu/flags";
import {
  adc, add, and, cmp, conditionA, conditionAE, conditionB, conditionBE, conditionE, conditionG, conditionGE, conditionL,
  conditionLE, conditionNE, conditionNO, conditionNP, conditionNS, conditionO, conditionP, conditionS, dec, dst, enter, imm,
  inc, leaHot, modifyHot, neg, not, or, popHot, pushHot, readHot, sbb, setDst, src, sub, test, writeHot, xor,
} from "../cpu/hot";
import { multiply, multiplyTruncated } from "../cpu/integer/multiply";
import { rotateLeft, rotateRight } from "../cpu/integer/rotate";
import { shiftArithmetic, shiftLeft, shiftRight } from "../cpu/integer/shift";
import { jumpCached } from "../cpu/jump-cache";
import { canonical } from "../cpu/linear";
import { currentRip, nextRip, wrapRip } from "../cpu/rip";
import {
  accountFor, FETCH_FAULT, finishSlice, nextOperation, settle, sliceLeft, TAKEN,
} from "../cpu/slice";
import { enterCompiled, sampleAt, sliceOf } from "../cpu/jit/entry";
import { originalOf } from "../cpu/jit/original";
import { TLB, TLB_NOW } from "../layout/cpu";
import * as ops from "./ops";
import { ${families.map((group) => group.executor).join(', ')} } from "${EXECUTORS}";

/** Operations that the loop leaves to their group's executor. */
export function execute(cpu: u32, pc: u32, op: u32): u32 {
  switch (op >> 8) {
${rare.join('\n')}
    default: return raise(cpu, UD);
  }
}

/**
 * Run about \`budget\` instructions (at most 2^25) of the vCPU whose block is at \`cpu\`, from its RIP. Returns an EXIT_* reason.
 * They are run in slices; where one ends, hot code is looked for.
 *
 * \`left\` counts down in bytes of operations, OP_SIZE an instruction, at every taken branch; the straight line from \`start\`
 * to \`pc\` is what has been executed since. \`from\` is a branch that wants its link set once its target is found.
 */
export function run(cpu: u32, budget: u32): u32 {
  const all = <i32>(budget * OP_SIZE);
  let rest = all;
  let left: i32 = 0;
  let from: u32 = 0;
  while (true) {
    const sampled = left <= load<i32>(cpu, CHARGED) && rest > 0;
    if (sampled) {
      const slice = min(sliceOf(cpu), rest);
      left += slice;
      rest -= slice;
    }
    const op = nextOperation(cpu, left, from);
    if (!op) return finishSlice(cpu, all - rest - left);
    if (sampled) sampleAt(cpu, op);
    from = 0;
    let pc = op;
    let start = op;
    left = sliceLeft(cpu, left);
    const tlb = load<u32>(cpu + TLB_NOW);
    let status: u32 = OK;
    while (true) {
      const number = <u32>load<u16>(pc);
      switch (number) {
${cases.join('\n')}
      default: {
        status = execute(cpu, pc, number);
        if (status == OK) { pc += OP_SIZE; continue; }
        break;
      }
      }
      break;
    }
    left -= accountFor(cpu, status, pc, start);
    left = settle(cpu, pc, status, left);
  }
}
`;
}
