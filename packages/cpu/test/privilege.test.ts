// Segments, gates, privilege levels, tasks and interrupts against QEMU's TCG: the same guests run on both, and what they
// log must be the same, but for what QEMU is known not to model. There the processor manuals say what is expected.
import { expect, test } from 'vitest';
import { cases, missing, runBoth } from './guests/guest.ts';

const compare = test.skipIf(missing !== undefined);
const name = (what: string): string => (missing === undefined ? what : `${what} (needs ${missing})`);

const RF = 0x10000;
const VECTOR = Object.freeze({ NP: 11, SS: 12, GP: 13, TS: 10, LANDED: 0x81 });

/** A logged word of a sweep: vector, error code (and, above them, the low byte of the CS that was interrupted). */
const vectorOf = (word: number): number => word & 0xff;
const errorOf = (word: number): number => (word >>> 8) & 0xffff;

compare(name('real-address mode: interrupts, far transfers, unreal mode'), () => {
  const { qemu, kernel } = runBoth('real');
  expect(kernel.length).toBeGreaterThan(50);
  expect(kernel).toEqual(qemu);
});

/** A call gate to conforming code: RPL of CS becomes CPL (Intel SDM vol. 2, CALL), which QEMU takes for DPL. */
function isConformingGate(qemu: number, kernel: number): boolean {
  return vectorOf(qemu) === VECTOR.LANDED && vectorOf(kernel) === VECTOR.LANDED && (qemu ^ kernel) >>> 26 === 0;
}

/** A stack segment that is named by the TSS and not present raises #SS (Intel SDM vol. 2, INT n); with QEMU, #TS. */
function isAbsentStack(qemu: number, kernel: number): boolean {
  return vectorOf(qemu) === VECTOR.TS && vectorOf(kernel) === VECTOR.SS && errorOf(qemu) === errorOf(kernel);
}

compare(name('protected mode: every descriptor type, DPL, RPL and CPL'), () => {
  const { qemu, kernel } = runBoth('legacy');
  expect(kernel.length).toBe(qemu.length);
  let isResult = false;
  const odd: string[] = [];
  for (const [index, word] of kernel.entries()) {
    const other = qemu[index]!;
    if (word >>> 24 === 0xee) {
      isResult = false;
      if (word !== other) odd.push(`${index}`);
      continue;
    }
    isResult = !isResult;
    // QEMU marks no descriptor as accessed that it finds bad later, nor code segments at all.
    const same = isResult
      ? word === other || isConformingGate(other, word) || isAbsentStack(other, word)
      : (word & ~0x100) === (other & ~0x100);
    if (!same) odd.push(`${index}: QEMU ${other.toString(16)}, kernel ${word.toString(16)}`);
  }
  expect(odd).toEqual([]);
});

/** In long mode too a gate's error code is vector × 8 + 2 (Intel SDM vol. 3, 6.13); QEMU's is vector × 16 + 2. */
function isGateError(qemu: number, kernel: number): boolean {
  return (
    vectorOf(qemu) === vectorOf(kernel) && (errorOf(kernel) & 2) !== 0 && errorOf(qemu) === errorOf(kernel) * 2 - 2
  );
}

/** L and D of a handler's segment, and a 16-bit TSS in long mode, are found bad before it is found absent. */
function isBadBeforeAbsent(qemu: number, kernel: number): boolean {
  return vectorOf(qemu) === VECTOR.NP && vectorOf(kernel) === VECTOR.GP && errorOf(qemu) === errorOf(kernel);
}

/** LTR of a 16-bit TSS, which QEMU loads in long mode. */
function isShortTss(qemu: number, kernel: number, access: number): boolean {
  return vectorOf(qemu) === 0x80 && vectorOf(kernel) === VECTOR.GP && (access & 0x1f) === 1;
}

compare(name('long mode: every descriptor type, DPL, RPL and CPL'), () => {
  const { qemu, kernel } = runBoth('long');
  expect(kernel.length).toBe(qemu.length);
  let start = 0;
  const odd: string[] = [];
  for (const [index, word] of kernel.entries()) {
    const other = qemu[index]!;
    if (word >>> 24 === 0xee) start = index + 1;
    if (word === other) continue;
    const access = ((index - start) >>> 3) & 0xff;
    const known =
      (index - start) & 1
        ? // After a gate to an inner level SS is null with the new CPL; QEMU's has a stale DPL, so the next interrupt finds CPL 0.
          (word & 0xffff) === 0 && word >>> 16 === other >>> 16 && word >>> 16 === (other & 0xffff)
        : isGateError(other, word) ||
          isBadBeforeAbsent(other, word) ||
          isConformingGate(other, word) ||
          isShortTss(other, word, access);
    if (!known) odd.push(`${index}: QEMU ${other.toString(16)}, kernel ${word.toString(16)}`);
  }
  expect(odd).toEqual([]);
});

/** Words of a case, by index, where QEMU is no oracle: what the manuals say, or undefined where nothing can be said. */
type Known = Record<number, number | undefined>;

/** Compare the logs of a guest case by case; `settled` are the bits of a word that count. */
function expectCases(guest: string, known: Record<number, Known>, settled: (index: number, length: number) => number) {
  const { qemu, kernel } = runBoth(guest);
  const theirs = cases(qemu);
  const ours = cases(kernel);
  expect(ours.length).toBe(theirs.length);
  for (const [number, words] of ours.entries()) {
    const expected = words.map((word, index) => {
      const exception = known[number];
      return exception !== undefined && index in exception ? (exception[index] ?? word) : (theirs[number]![index] ?? 0);
    });
    const counting = (word: number, index: number) => (word & settled(index, words.length)) >>> 0;
    expect(words.map(counting), `case ${number}`).toEqual(expected.map(counting));
  }
}

/** Error code of a fault while a handler with `base` as error code was called on behalf of the processor: EXT is set. */
const external = (base: number): number => base | 1;

/** Of a frame from virtual-8086 mode or another level: words of the log. */
const FRAME = Object.freeze({
  ESP: 7,
  EDX: 8,
  ECX: 9,
  EAX: 10,
  VECTOR: 11,
  ERROR: 12,
  EIP: 13,
  CS: 14,
  FLAGS: 15,
  OLD_ESP: 16,
});

compare(name('protected mode: tasks, virtual-8086 mode, call gates, faults of delivery'), () => {
  const anywhere = undefined;
  expectCases(
    'tasks',
    {
      // A fault of the new task: its own instruction pointer is saved (Intel SDM vol. 3, 7.3).
      5: { [FRAME.EIP]: anywhere },
      9: { [FRAME.EIP]: anywhere },
      // The trap bit of the new task raises #DB with DR6.BT.
      11: { [FRAME.VECTOR]: 1, [FRAME.EIP]: anywhere, 19: 0x8000 },
      // EFLAGS that a fault saves in the old task have RF.
      16: { 28: RF | 2 },
      // INT1, which this QEMU does not know.
      29: { [FRAME.VECTOR]: 1, [FRAME.EIP]: anywhere },
      38: { [FRAME.VECTOR]: 1, [FRAME.EIP]: anywhere },
      39: { [FRAME.ERROR]: external(6 * 8 + 2) },
      40: { [FRAME.ERROR]: external(6 * 8 + 2) },
      42: { [FRAME.ERROR]: external(0x58) },
      44: { [FRAME.ERROR]: external(0) },
      // A frame that does not fit below the stack's limit, and one that just does; QEMU knows no limits.
      48: {
        4: anywhere,
        [FRAME.ECX]: anywhere,
        [FRAME.EAX]: anywhere,
        [FRAME.EIP]: anywhere,
        [FRAME.CS]: 0x1b,
        [FRAME.VECTOR]: VECTOR.SS,
        [FRAME.ERROR]: 0x58,
      },
      49: {
        4: anywhere,
        [FRAME.ECX]: anywhere,
        [FRAME.EAX]: anywhere,
        [FRAME.EIP]: anywhere,
        [FRAME.CS]: 0x61,
        [FRAME.VECTOR]: VECTOR.SS,
        [FRAME.ERROR]: 0,
      },
      // Segments of virtual-8086 mode end at 64 KiB.
      59: { [FRAME.EAX]: anywhere, [FRAME.VECTOR]: VECTOR.GP, [FRAME.EIP]: anywhere, [FRAME.OLD_ESP]: 0x800 },
      60: { [FRAME.VECTOR]: VECTOR.SS, [FRAME.EIP]: anywhere, [FRAME.OLD_ESP]: 1 },
      // From virtual-8086 mode a gate must lead to CPL 0.
      66: {
        6: anywhere,
        [FRAME.EAX]: anywhere,
        [FRAME.VECTOR]: VECTOR.GP,
        [FRAME.ERROR]: 0x60,
        [FRAME.EIP]: anywhere,
        [FRAME.CS]: 0x1000,
        [FRAME.FLAGS]: 0x23002,
        [FRAME.OLD_ESP]: 0x800,
        17: 0x3000,
        18: 0x2222,
        19: 0x1000,
        20: anywhere,
        21: 0x10,
        22: 0x28,
        23: anywhere,
        24: anywhere,
      },
      67: { [FRAME.ESP]: anywhere },
    },
    // QEMU saves no RF; frames without change of level have no EFLAGS in the log.
    (index, length) => (length >= 21 && length <= 25 && index === FRAME.FLAGS ? ~RF : ~0),
  );
});

/** Words of a 64-bit frame's log. */
const LONG = Object.freeze({
  VECTOR: 6,
  ERROR: 8,
  RIP: 10,
  CS: 12,
  FLAGS: 14,
  RSP: 16,
  SS: 18,
  NEW_RSP: 20,
  NEW_SS: 21,
  NOW: 25,
});

compare(name('long mode: frames, interrupt stacks, double faults, returns'), () => {
  const anywhere = undefined;
  // Without change of level SS stays as it is (Intel SDM vol. 3, 6.14.2), on a stack of the IST too.
  const sameStack: Known = { [LONG.NEW_SS]: 0x10 };
  // Nothing is pushed and no level changes when the handler's address is not canonical.
  const unreachable: Known = {
    [LONG.VECTOR]: VECTOR.GP,
    [LONG.ERROR]: 0,
    [LONG.RIP]: anywhere,
    [LONG.RSP]: 0x3e000,
    [LONG.NEW_RSP]: 0x39fb8,
  };
  expectCases(
    'frames',
    {
      17: sameStack,
      21: sameStack,
      22: { ...unreachable, [LONG.CS]: 0xa3, [LONG.SS]: 0x23 },
      23: { ...unreachable, [LONG.NEW_RSP]: 0x3dfb8 },
      // Error codes of gates: see isGateError.
      24: { [LONG.ERROR]: 0x82 * 8 + 2 },
      25: { [LONG.ERROR]: 0x82 * 8 + 2 },
      26: { [LONG.ERROR]: external(6 * 8 + 2) },
      30: sameStack,
      31: sameStack,
      // IRET to an address that is not canonical faults before anything changes.
      36: { [LONG.RIP]: anywhere, [LONG.RSP]: 0x3e000 - 5 * 8, [LONG.NEW_RSP]: 0x3df88 },
      37: sameStack,
      // Popping from an address that is not canonical is #SS.
      38: { [LONG.VECTOR]: VECTOR.SS },
      41: sameStack,
      42: sameStack,
      45: sameStack,
      48: { [LONG.VECTOR]: 1, [LONG.RIP]: anywhere },
      49: sameStack,
    },
    // QEMU saves no RF; AF is undefined after the shifts of the log's own code.
    (index) => (index === LONG.FLAGS ? ~RF : index === LONG.NOW ? ~0x10 : ~0),
  );
});
