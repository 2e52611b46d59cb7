import { VizorError } from '@vizor/core';
import type { RequestName } from './generated/requests.ts';
import type { Capability, IoctlTarget } from './ioctl.ts';
import { type Changes, decode, encode, type Struct, type Values } from './layout.ts';

/** The two requests of a piece of state, and the capability that they need. */
export interface StateRequests {
  readonly get: RequestName;
  readonly set: RequestName;
  readonly needs?: Capability;
}

/**
 * State that one request reads and another writes as one structure. The structure is kept, so that reading and writing
 * allocate nothing but the values handed out.
 */
export class StateBlock<S extends Struct> {
  readonly #target: IoctlTarget;
  readonly #layout: S;
  readonly #requests: StateRequests;
  readonly #view: DataView<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(target: IoctlTarget, layout: S, requests: StateRequests) {
    this.#target = target;
    this.#layout = layout;
    this.#requests = requests;
    this.#bytes = new Uint8Array(layout.size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get(): Values<S> {
    this.#read();
    return decode(this.#layout, this.#view);
  }

  /** Write all of it: what is left out becomes 0. */
  set(values: Changes<S>): void {
    this.#bytes.fill(0);
    encode(this.#layout, this.#view, values);
    this.#write();
  }

  /** Read it, change some of it, write it back. */
  change(values: Changes<S>): void {
    this.#read();
    encode(this.#layout, this.#view, values);
    this.#write();
  }

  /** The structure as the kernel gives it, to be put back with {@link restore}. */
  save(): Uint8Array<ArrayBuffer> {
    this.#read();
    return this.#bytes.slice();
  }

  restore(structure: Uint8Array): void {
    if (structure.length !== this.#layout.size) {
      const problem = `${structure.length} bytes are not a struct ${this.#layout.name} of ${this.#layout.size}`;
      throw new VizorError('usage', this.#requests.set, problem);
    }
    this.#bytes.set(structure);
    this.#write();
  }

  #read(): void {
    this.#target.transfer(this.#requests.get, this.#bytes, this.#requests.needs);
  }

  #write(): void {
    this.#target.transfer(this.#requests.set, this.#bytes, this.#requests.needs);
  }
}
