// Binary statistics of a VM or vCPU: API §4.133.

import { STATS } from './generated/constants.ts';
import { kvm_stats_desc, kvm_stats_header } from './generated/structs.ts';
import { decode, type Values } from './layout.ts';
import type { Descriptor } from './native/descriptor.ts';

const TYPES = ['cumulative', 'instant', 'peak', 'linear histogram', 'logarithmic histogram'] as const;
const UNITS = ['none', 'bytes', 'seconds', 'cycles', 'boolean'] as const;

/** One statistic: what it counts, in which unit, and its values (several for a histogram). */
export interface Statistic {
  readonly name: string;
  readonly type: (typeof TYPES)[number];
  readonly unit: (typeof UNITS)[number];
  /** Values are to be multiplied by `base` to the power of `exponent`. */
  readonly base: 2 | 10;
  readonly exponent: number;
  /** Width of a linear histogram's buckets; 0 elsewhere. */
  readonly bucketSize: number;
  readonly values: readonly bigint[];
}

/** Statistics that the kernel keeps. What they are is read once; {@link read} reads the values. */
export class Stats {
  /** Whose they are: `kvm-1234`, `kvm-1234/vcpu-0`. */
  readonly id: string;
  readonly #descriptor: Descriptor;
  readonly #header: Values<typeof kvm_stats_header>;
  readonly #descriptions: readonly { name: string; layout: Values<typeof kvm_stats_desc> }[];

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
    this.#header = decode(kvm_stats_header, viewOf(descriptor.readAt(0, kvm_stats_header.size)));
    const { name_size, num_desc, id_offset, desc_offset } = this.#header;
    this.id = textOf(descriptor.readAt(id_offset, name_size));
    const step = kvm_stats_desc.size + name_size;
    const block = descriptor.readAt(desc_offset, step * num_desc);
    this.#descriptions = Array.from({ length: num_desc }, (_, i) => ({
      name: textOf(block.subarray(i * step + kvm_stats_desc.size, (i + 1) * step)),
      layout: decode(kvm_stats_desc, viewOf(block), i * step),
    }));
  }

  read(): Statistic[] {
    const words = this.#descriptions.reduce((end, { layout }) => Math.max(end, layout.offset + layout.size * 8), 0);
    const data = viewOf(this.#descriptor.readAt(this.#header.data_offset, words));
    return this.#descriptions.map(({ name, layout: { flags, exponent, size, offset, bucket_size } }) => ({
      name,
      type: TYPES[(flags & STATS.TYPE_MASK) >> STATS.TYPE_SHIFT],
      unit: UNITS[(flags & STATS.UNIT_MASK) >> STATS.UNIT_SHIFT],
      base: (flags & STATS.BASE_MASK) === STATS.BASE_POW2 ? 2 : 10,
      exponent,
      bucketSize: bucket_size,
      values: Array.from({ length: size }, (_, i) => data.getBigUint64(offset + i * 8, true)),
    }));
  }

  [Symbol.dispose](): void {
    this.#descriptor.close();
  }
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** Text up to its first NUL. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}
