// Prints a parsed structure as a call of `struct` of packages/kvm/src/layout.ts.

import { isMemberForX86, isPadding, isStructForX86 } from './names.ts';
import type { Header, Member, MemberType, RecordType } from './parse.ts';

/** The structures to print, each after those that it holds. */
export function structOrder(header: Header): RecordType[] {
  return [...header.structs.values()].filter((record) => record.name.startsWith('kvm_') && isStructForX86(record.name));
}

export function printStruct(record: RecordType): string {
  return `/** \`struct ${record.name}\`. */\nexport const ${record.name} = ${literal(record, record.name)};\n`;
}

function literal(record: RecordType, name: string): string {
  const fields = fieldsOf(record, 0, false).map(([key, value]) => `  ${key}: ${value},\n`);
  return `struct('${name}', ${record.size}, {\n${fields.join('')}})`;
}

/** The named fields of a structure, with those of its anonymous members. Of a union the first counts, the others lie over it. */
function fieldsOf(record: RecordType, base: number, overlaid: boolean): [string, string][] {
  const fields: [string, string][] = [];
  for (const member of record.members) {
    if (isPadding(member.name) || !isMemberForX86(member.name) || isBits(member)) continue;
    const over = overlaid || (record.union && fields.length > 0);
    if (member.name === '' && member.type.kind === 'record') {
      fields.push(...fieldsOf(member.type.record, base + member.offset, over));
    } else {
      const text = print(member, base + member.offset);
      fields.push([member.name, over && !member.flexible ? `overlay(${text})` : text]);
    }
  }
  return fields;
}

function isBits(member: Member): boolean {
  return member.type.kind === 'record' && member.type.record.bitfields;
}

function print({ name, type, dimensions, flexible }: Member, offset: number): string {
  if (flexible || dimensions.some((count) => count === 0)) return `tail(${offset}, ${kindOf(type, name)})`;
  if (dimensions.length === 0) return single(type, offset, name);
  const count = dimensions.reduce((product, n) => product * n, 1);
  if (type.kind === 'scalar' && type.size === 1) {
    return dimensions.length === 1 ? `bytes(${offset}, ${count})` : rows(offset, dimensions);
  }
  return `list(${offset}, ${count}, ${kindOf(type, name)})`;
}

/** An array of byte arrays, like the registers of the FPU. */
function rows(offset: number, [count, width]: readonly number[]): string {
  return `list(${offset}, ${count}, (at) => bytes(at, ${width}))`;
}

function scalarName(type: Extract<MemberType, { kind: 'scalar' }>): string {
  return `${type.signed ? 's' : 'u'}${type.size * 8}`;
}

function single(type: MemberType, offset: number, name: string): string {
  if (type.kind === 'scalar') return `${scalarName(type)}(${offset})`;
  return `nested(${offset}, ${type.record.name === '' ? literal(type.record, name) : type.record.name})`;
}

/** A field as a function of its offset. */
function kindOf(type: MemberType, name: string): string {
  return type.kind === 'scalar'
    ? scalarName(type)
    : `(at) => ${single(type, 0, name).replace('nested(0,', 'nested(at,')}`;
}
