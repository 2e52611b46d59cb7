import type { Form } from '../../packages/cpu/src/opcodes/index.ts';
import { compare, compareMemory } from './compare.ts';
import { type Encoding, encode } from './forms.ts';
import { GuestCpu } from './guest.ts';
import { HostCpu, hostVendor } from './host.ts';
import { prepare } from './prepare.ts';
import { hash } from './random.ts';
import { CODE, WINDOW_SIZE } from './region.ts';
import { ruleOf } from './rules.ts';
import { encodeSequence, SEQUENCE } from './sequence.ts';
import { describe, describeItems, NO_VECTOR, State } from './state.ts';

/** States that each encoding of a form runs on. */
const STATES_PER_ENCODING = 8;

/** What came of a form's states. */
export interface Outcome {
  readonly states: number;
  /** States after which the instruction was done, not faulted. */
  readonly completed: number;
  readonly failures: readonly string[];
}

/** A form's name in tests, reports and VIZOR_FORM. */
export function nameOf(form: Form): string {
  return `${form.group}: ${form.text.replace(/\s+/g, ' ')}`;
}

/** Host and guest side by side. */
export class Duel {
  readonly #host = new HostCpu();
  readonly #guest: GuestCpu;
  readonly #state = new State();
  readonly #window = new Uint8Array(WINDOW_SIZE);
  readonly #vendor = hostVendor();

  constructor() {
    this.#guest = new GuestCpu(this.#host.base);
  }

  dispose(): void {
    this.#host.dispose();
  }

  /** Run a form on `count` states, or only on the one numbered `only`; stops at `most` failures. */
  run(form: Form, count: number, only?: number, most = 3): Outcome {
    const seed = hash(`${form.group} ${form.text}`);
    const failures: string[] = [];
    let completed = 0;
    let states = 0;
    const first = only ?? 0;
    const last = only === undefined ? count : only + 1;
    for (let n = first; n < last && failures.length < most; ) {
      const encoding = this.#encode(form, Math.floor(n / STATES_PER_ENCODING));
      const branches = form === SEQUENCE || ruleOf(form.mnemonic)?.branches === true;
      this.#host.place(encoding.offset, encoding.bytes, encoding.wide, branches);
      this.#guest.place(encoding.offset, encoding.bytes);
      const end = Math.min(last, (Math.floor(n / STATES_PER_ENCODING) + 1) * STATES_PER_ENCODING);
      for (; n < end; n++) {
        const differences = this.#runOne(encoding, seed, n, branches);
        states++;
        if (this.#host.output.vector === NO_VECTOR || branches) completed++;
        if (differences.length > 0 && failures.length < most) failures.push(this.#report(encoding, n, differences));
      }
      this.#host.clear(encoding.offset, encoding.bytes.length);
      this.#guest.clear(encoding.offset, encoding.bytes.length);
    }
    return { states, completed, failures };
  }

  #encode(form: Form, n: number): Encoding {
    if (form === SEQUENCE) return encodeSequence(n, this.#host.base, this.#vendor);
    return encode(form, n, this.#host.base, this.#vendor);
  }

  #runOne(encoding: Encoding, seed: number, n: number, branches: boolean): string[] {
    const host = this.#host;
    const guest = this.#guest;
    prepare(encoding, seed, n, host.base, this.#state, this.#window);
    host.input.copyFrom(this.#state);
    guest.input.copyFrom(this.#state);
    host.window.set(this.#window);
    guest.window.set(this.#window);
    host.run(encoding.offset, encoding.wide);
    guest.run(encoding.offset, encoding.bytes.length, encoding.wide, branches);
    return [
      ...compare(encoding, this.#state, host.output, guest.output, this.#vendor),
      ...compareMemory(encoding, host.window, guest.window, host.base),
    ];
  }

  #report(encoding: Encoding, n: number, differences: readonly string[]): string {
    const { form, bytes, wide, offset } = encoding;
    const id = nameOf(form);
    const target = encoding.address === undefined ? '' : `  memory 0x${encoding.address.target.toString(16)}`;
    return [
      `${id}: ${differences.join(', ')}`,
      `  bytes ${Buffer.from(bytes).toString('hex')} at 0x${(this.#host.base + CODE + offset).toString(16)}, ${wide ? 64 : 32}-bit mode${target}`,
      `  rerun: VIZOR_FORM='${id}' VIZOR_STATE=${n} npx vitest run tests/differential`,
      '  before',
      describe(this.#state, wide),
      `  host: ${describeItems(this.#host.output, differences)}`,
      `  ours: ${describeItems(this.#guest.output, differences)}`,
    ].join('\n');
  }
}
