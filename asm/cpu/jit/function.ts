// A compiled function: the region's blocks inside a loop, so that forward edges leave nested `block`s and backward ones go
// round by the br_table at the top.
//
//   loop
//     block exit  block indirect  block n … block 0
//       br_table TARGET
//     end code of block 0  end code of block 1  …
//     end: to RIP_TO   end: to NEXT
//   end
import { OP_LEN, OP_SIZE } from "../../layout/op";
import {
  CLASS_ALU, CLASS_CMOV, CLASS_EXTEND, CLASS_IMUL, CLASS_LEA, CLASS_LEAVE, CLASS_LIGHT_FLAGS, CLASS_MOV, CLASS_MUL, CLASS_NOP, CLASS_POP, CLASS_PUSH,
  CLASS_SETCC, CLASS_SHIFT, CLASS_UNARY,
} from "../../generated/jit-forms";
import { BLOCK_ENTRY, BLOCK_FLAGS_IN, BLOCK_OPERATIONS, BLOCK_START, blockRecord } from "./blocks";
import { emitBranch, emitLeave, emitPop, emitPush } from "./branches";
import { byte, const32, get, I32_SUB, padded, set, UNREACHABLE, unsigned } from "./emit";
import { emitExecutor } from "./executor";
import { epilogue, goTo, prologue } from "./exits";
import { flagsAfter, wantedAt } from "./flow";
import { classOf, formOf, numberOf } from "./forms";
import { emitAlu, emitCmov, emitExtend, emitImul, emitLea, emitMove, emitMul, emitSetcc, emitUnary } from "./integer";
import { declareLocals, LEFT, TARGET } from "./locals";
import { endsBlock, operationAt } from "./region";
import { emitShift } from "./shift";
import {
  BLOCK, BLOCKS, DONE, ENTRIES, FLAGS, FLAGS_WANTED, FUNCTION_START, HINT_NEXT, NESTING, NUMBER, OPERATIONS, OUT, PC, setWord, word,
} from "./state";

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
  for (let entry: u32 = 0; entry < entries; entry++) unsigned(blockOfEntry(entry));
}

function beginBlock(opcode: u32): void {
  byte(opcode);
  byte(0x40);
}

/** Emit the region as a function body with its size before it, and its list of hints. */
export function emitFunction(): void {
  const size = word(OUT);
  const start = size + 5;
  const hints = word(HINT_NEXT);
  const blocks = word(BLOCKS);
  setWord(OUT, start);
  setWord(FUNCTION_START, start);
  setWord(HINT_NEXT, hints + 4);
  setWord(NESTING, 0);
  declareLocals();
  prologue();
  beginBlock(0x03);
  beginBlock(0x02);
  beginBlock(0x02);
  for (let block: u32 = 0; block < blocks; block++) beginBlock(0x02);
  dispatch();
  for (let block: u32 = 0; block < blocks; block++) {
    byte(END);
    emitBlock(block);
  }
  byte(END);
  setWord(NESTING, 0);
  epilogue();
  byte(END);
  byte(UNREACHABLE);
  byte(END);
  padded(size, word(OUT) - start);
  store<u32>(hints, (word(HINT_NEXT) - hints - 4) / 4);
}
