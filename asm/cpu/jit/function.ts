// A compiled function: the region's blocks inside a loop, so that forward edges leave nested `block`s and backward ones go
// round by the br_table at the top.
//
//   loop dispatch
//     block exit  block indirect  block n … block 0
//       br_table TARGET
//     end code of block 0  end code of block 1  …
//     (an innermost loop is a `loop` of its own, with the `block`s of its later blocks inside)
//     end: to RIP_TO   end: to NEXT
//   end
import { OP_LEN, OP_SIZE } from "../../layout/op";
import {
  CLASS_ALU, CLASS_CMOV, CLASS_EXTEND, CLASS_IMUL, CLASS_LEA, CLASS_LEAVE, CLASS_LIGHT_FLAGS, CLASS_MOV, CLASS_MUL, CLASS_NOP, CLASS_POP, CLASS_PUSH,
  CLASS_SETCC, CLASS_SHIFT, CLASS_UNARY,
} from "../../generated/jit-forms";
import {
  BLOCK_ENTRY, BLOCK_FLAGS_IN, BLOCK_LOOP_END, BLOCK_LOOP_HEAD, BLOCK_OPERATIONS, BLOCK_START, blockRecord, NO_LOOP,
} from "./blocks";
import { emitBranch, emitLeave, emitPop, emitPush } from "./branches";
import { byte, const32, get, I32_SUB, padded, set, UNREACHABLE, unsigned } from "./emit";
import { emitExecutor } from "./executor";
import { epilogue, goTo, prologue } from "./exits";
import { flagsAfter, wantedAt } from "./flow";
import { classOf, formOf, numberOf } from "./forms";
import { emitAlu, emitCmov, emitExtend, emitImul, emitLea, emitMove, emitMul, emitSetcc, emitUnary } from "./integer";
import { depthOf, LABEL_DISPATCH, LABEL_EXIT, LABEL_INDIRECT, LABEL_LOOP, popLabel, pushLabel } from "./labels";
import { declareLocals, LEFT, TARGET } from "./locals";
import { endsBlock, operationAt } from "./region";
import { emitShift } from "./shift";
import {
  BLOCK, BLOCKS, DONE, ENTRIES, FLAGS, FLAGS_WANTED, FUNCTION_START, HINT_NEXT, LABELS, NESTING, NUMBER, OPERATIONS, OUT, PC, setWord, word,
} from "./state";

const BLOCK_OPCODE: u32 = 0x02;
const LOOP_OPCODE: u32 = 0x03;
const END: u32 = 0x0b;

function emitOperation(form: u32): void {
  switch (classOf(form)) {
    case CLASS_ALU: emitAlu(form); break;
    case CLASS_UNARY: emitUnary(form); break;
    case CLASS_SHIFT: emitShift(form); break;
    case CLASS_IMUL: emitImul(form); break;
    case CLASS_MUL: emitMul(form); break;
    case CLASS_MOV: emitMove(form); break;
    case CLASS_EXTEND: emitExtend(form); break;
    case CLASS_LEA: emitLea(form); break;
    case CLASS_PUSH: emitPush(form); break;
    case CLASS_POP: emitPop(); break;
    case CLASS_LEAVE: emitLeave(); break;
    case CLASS_SETCC: emitSetcc(form); break;
    case CLASS_CMOV: emitCmov(form); break;
    case CLASS_NOP: break;
    default:
      if (classOf(form) <= CLASS_LIGHT_FLAGS) emitExecutor(form);
      else emitBranch(form);
      break;
  }
}

/** Code of one block. */
function emitBlock(block: u32): void {
  const record = blockRecord(block);
  const count = <u32>load<u16>(record + BLOCK_OPERATIONS);
  setWord(BLOCK, block);
  setWord(NESTING, 0);
  setWord(FLAGS, load<u32>(record + BLOCK_FLAGS_IN));
  setWord(OPERATIONS, count);
  get(LEFT);
  const32(count * OP_SIZE);
  byte(I32_SUB);
  set(LEFT);
  let offset = <u32>load<u16>(record + BLOCK_START);
  let ended = false;
  for (let index: u32 = 0; index < count; index++) {
    const op = operationAt(offset);
    const number = numberOf(op);
    const form = formOf(number);
    offset += load<u8>(op + OP_LEN);
    setWord(DONE, index);
    setWord(PC, op);
    setWord(NUMBER, number);
    if (classOf(form) == CLASS_SHIFT) setWord(FLAGS_WANTED, u32(wantedAt(record, offset, index + 1)));
    emitOperation(form);
    setWord(FLAGS, flagsAfter(form, op, word(FLAGS)));
    ended = endsBlock(classOf(form));
  }
  setWord(DONE, count);
  if (!ended) goTo(offset);
}

/** The block that begins at entry number `entry`. */
function blockOfEntry(entry: u32): u32 {
  const count = word(BLOCKS);
  for (let block: u32 = 0; block < count; block++) if (load<u16>(blockRecord(block) + BLOCK_ENTRY) == entry) return block;
  return 0;
}

function dispatch(): void {
  const entries = word(ENTRIES);
  get(TARGET);
  byte(0x0e);
  unsigned(entries - 1);
  for (let entry: u32 = 0; entry < entries; entry++) unsigned(depthOf(blockOfEntry(entry)));
}

/** Begin a `block` or `loop` with a label. */
function beginLabel(opcode: u32, label: u32): void {
  byte(opcode);
  byte(0x40);
  pushLabel(label);
}

function endLabel(): void {
  byte(END);
  popLabel();
}

/** Begin a `block` for each of the blocks from `first` to `last` that are not inside a loop that begins among them. */
function beginBlocks(first: u32, last: i32): void {
  for (let block = last; block >= <i32>first; block--) {
    const head = <u32>load<u16>(blockRecord(block) + BLOCK_LOOP_HEAD);
    if (head == NO_LOOP || head == <u32>block || head < first) beginLabel(BLOCK_OPCODE, block);
  }
}

/** Code of all blocks; the labels of those outside loops are open. */
function emitBlocks(): void {
  const blocks = word(BLOCKS);
  let loopEnd: u32 = NO_LOOP;
  for (let block: u32 = 0; block < blocks; block++) {
    endLabel();
    const end = <u32>load<u16>(blockRecord(block) + BLOCK_LOOP_END);
    if (end != NO_LOOP) {
      loopEnd = end;
      beginLabel(LOOP_OPCODE, LABEL_LOOP + block);
      beginBlocks(block + 1, end);
    }
    emitBlock(block);
    if (block == loopEnd) {
      endLabel();
      loopEnd = NO_LOOP;
    }
  }
}

/** Emit the region as a function body with its size before it, and its list of hints. */
export function emitFunction(): void {
  const size = word(OUT);
  const start = size + 5;
  const hints = word(HINT_NEXT);
  setWord(OUT, start);
  setWord(FUNCTION_START, start);
  setWord(HINT_NEXT, hints + 4);
  setWord(NESTING, 0);
  declareLocals();
  prologue();
  setWord(LABELS, 0);
  beginLabel(LOOP_OPCODE, LABEL_DISPATCH);
  beginLabel(BLOCK_OPCODE, LABEL_EXIT);
  beginLabel(BLOCK_OPCODE, LABEL_INDIRECT);
  beginBlocks(0, <i32>word(BLOCKS) - 1);
  dispatch();
  emitBlocks();
  endLabel();
  setWord(NESTING, 0);
  epilogue();
  byte(END);
  byte(UNREACHABLE);
  byte(END);
  padded(size, word(OUT) - start);
  store<u32>(hints, (word(HINT_NEXT) - hints - 4) / 4);
}
