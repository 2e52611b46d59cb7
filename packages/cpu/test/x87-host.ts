// The host processor's own x87 as oracle: one instruction at a time, from one FXSAVE image to another.

import { cpus } from 'node:os';
import koffi from 'koffi';
import type { Instruction, X87Outcome } from './x87-kernel.ts';
import { OPERAND_BYTES, type X87State } from './x87-values.ts';

/** Why the host cannot be the oracle; undefined when it can. Intel's processors differ in what the manuals leave open. */
export function hostLacks(): string | undefined {
  if (process.arch !== 'x64' || process.platform !== 'linux') return 'needs an x86-64 Linux host';
  return cpus()[0]?.model.includes('AMD') ? undefined : 'needs an AMD host processor';
}

const PAGES = 0x10000;
/** In the page: code from 0, data from here on; offsets in the data. */
const DATA = 0xc000;
const IMAGE_OUT = 0x200;
const OPERAND = 0x400;
const FLAGS_IN = 0x500;
const FLAGS_OUT = 0x508;
const AX = 0x510;
/** Bytes of code for one instruction. */
const STUB = 96;

const PROT_ALL = 7;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const displacement = (offset: number) => [offset & 0xff, offset >> 8, 0, 0];

/** Code: the state at rdi in, the instruction, the state out. An exception left pending is never waited for. */
function stub(bytes: readonly number[]): number[] {
  return [
    ...[0x53, 0x48, 0x89, 0xfb], // push rbx; mov rbx, rdi
    ...[0x48, 0x8d, 0xbb, ...displacement(OPERAND)], // lea rdi, [rbx + OPERAND]
    ...[0x48, 0x0f, 0xae, 0x0b], // fxrstor64 [rbx]
    ...[0xff, 0xb3, ...displacement(FLAGS_IN), 0x9d], // push [rbx + FLAGS_IN]; popfq
    ...[0xb8, 0, 0, 0, 0], // mov eax, 0
    ...bytes,
    ...[0x48, 0x0f, 0xae, 0x83, ...displacement(IMAGE_OUT)], // fxsave64 [rbx + IMAGE_OUT]
    ...[0x9c, 0x8f, 0x83, ...displacement(FLAGS_OUT)], // pushfq; pop [rbx + FLAGS_OUT]
    ...[0x48, 0x89, 0x83, ...displacement(AX)], // mov [rbx + AX], rax
    ...[0xdb, 0xe3, 0x5b, 0xc3], // fninit; pop rbx; ret
  ];
}

export class X87Host {
  readonly #address: bigint;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stubs = new Map<string, bigint>();
  readonly #prototype = koffi.proto('void x87_stub(void *)');

  constructor() {
    const mmap = koffi.load('libc.so.6').func('intptr_t mmap(void *, size_t, int, int, int, long)');
    this.#address = BigInt(mmap(null, PAGES, PROT_ALL, MAP_PRIVATE_ANONYMOUS, -1, 0));
    const buffer = koffi.view(this.#address, PAGES);
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  #code(bytes: readonly number[]): bigint {
    const key = bytes.join();
    let address = this.#stubs.get(key);
    if (address === undefined) {
      const at = this.#stubs.size * STUB;
      if (at + STUB > DATA) throw new Error('too many instructions for the code page');
      this.#bytes.set(stub(bytes), at);
      address = this.#address + BigInt(at);
      this.#stubs.set(key, address);
    }
    return address;
  }

  run(instruction: Instruction, state: X87State, prefix: readonly number[] = []): X87Outcome {
    this.#load(state);
    koffi.call(this.#code([...prefix, ...instruction.bytes]), this.#prototype, this.#address + BigInt(DATA));
    return this.#outcome();
  }

  #load(state: X87State): void {
    const view = this.#view;
    this.#bytes.fill(0, DATA, DATA + 512);
    view.setUint16(DATA, state.fcw, true);
    view.setUint16(DATA + 2, state.fsw, true);
    view.setUint8(DATA + 4, state.tags);
    view.setUint32(DATA + 24, 0x1f80, true);
    for (const [n, { se, sig }] of state.st.entries()) {
      view.setBigUint64(DATA + 32 + 16 * n, sig, true);
      view.setUint16(DATA + 40 + 16 * n, se, true);
    }
    this.#bytes.set(state.memory, DATA + OPERAND);
    view.setBigUint64(DATA + FLAGS_IN, BigInt(state.flags | 0x202), true);
  }

  #outcome(): X87Outcome {
    const view = this.#view;
    const image = DATA + IMAGE_OUT;
    const hex = (value: number | bigint, digits: number) => value.toString(16).padStart(digits, '0');
    return {
      fcw: view.getUint16(image, true),
      fsw: view.getUint16(image + 2, true),
      tags: view.getUint8(image + 4),
      st: Array.from({ length: 8 }, (_, n) => {
        const at = image + 32 + 16 * n;
        return `${hex(view.getUint16(at + 8, true), 4)}.${hex(view.getBigUint64(at, true), 16)}`;
      }),
      memory: Buffer.from(this.#bytes.subarray(DATA + OPERAND, DATA + OPERAND + OPERAND_BYTES)).toString('hex'),
      flags: view.getUint32(DATA + FLAGS_OUT, true) & 0x8d5,
      ax: view.getUint16(DATA + AX, true),
    };
  }
}
