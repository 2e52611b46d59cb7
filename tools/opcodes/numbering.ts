import type { Form } from '../../packages/cpu/src/opcodes/form.ts';
import { operationsOf } from '../../packages/cpu/src/opcodes/operation.ts';
import { FUSED, HOT, SPECIAL } from './hot.ts';

/** Operations of one executor: `numbers` starts at a multiple of 256, so that an operation's high byte names its executor. */
export interface Group {
  readonly name: string;
  readonly first: number;
  readonly names: readonly string[];
}

const BLOCK = 256;

/** Number every operation: the loop's own (specials, hot ones, fused pairs) from 0, then each family from a multiple of 256. */
export function numberOperations(forms: readonly Form[]): { groups: Group[]; numbers: Map<string, number> } {
  const families = new Map<string, Set<string>>();
  for (const form of forms) {
    for (const operation of operationsOf(form)) {
      if (HOT.has(operation.name)) continue;
      const family = families.get(form.group) ?? new Set();
      families.set(form.group, family.add(operation.name));
    }
  }
  const loop = [...SPECIAL, ...HOT.keys(), ...FUSED.keys()];
  const groups: Group[] = [];
  let first = 0;
  for (const [name, names] of [['loop', loop], ...families] as [string, Iterable<string>][]) {
    const list = [...names];
    groups.push({ name, first, names: list });
    first += Math.ceil(list.length / BLOCK) * BLOCK;
  }
  const numbers = new Map<string, number>();
  for (const group of groups) {
    for (const [index, name] of group.names.entries()) {
      if (numbers.has(name)) throw new Error(`operation ${name} belongs to two groups, one of them ${group.name}`);
      numbers.set(name, group.first + index);
    }
  }
  return { groups, numbers };
}

/** Executor of a group: `sse.move` → `execSseMove`. */
export function executorOf(group: string): string {
  return `exec${group
    .split('.')
    .map((part) => part[0]!.toUpperCase() + part.slice(1))
    .join('')}`;
}
