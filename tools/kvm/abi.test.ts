// The committed data against the compiler: what a C program says of the installed headers.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as constants from '../../packages/kvm/src/generated/constants.ts';
import { REQUESTS } from '../../packages/kvm/src/generated/requests.ts';
import * as structs from '../../packages/kvm/src/generated/structs.ts';
import type { Field, Struct } from '../../packages/kvm/src/layout.ts';
import { readHeaders } from './generate.ts';
import { CONSTANT_GROUPS } from './names.ts';
import { type Header, parseHeaders, type RecordType } from './parse.ts';

const INCLUDE = '/usr/include';

function whyNot(): string | undefined {
  if (!existsSync(join(INCLUDE, 'x86_64-linux-gnu/asm/kvm.h'))) return 'no linux-libc-dev';
  if (spawnSync('gcc', ['--version']).status !== 0) return 'no gcc';
  return undefined;
}

const skipped = whyNot();

/** C expressions and the numbers that the committed data gives for them, of what the installed headers have. */
function claims(header: Header): Map<string, bigint> {
  const found = new Map<string, bigint>();
  for (const [name, value] of Object.entries(REQUESTS)) if (header.requests.has(name)) found.set(name, BigInt(value));
  const tables = new Map<string, Record<string, number>>(Object.entries(constants));
  for (const { table, prefix } of CONSTANT_GROUPS) {
    for (const [key, value] of Object.entries(tables.get(table) ?? {})) {
      if (header.constants.has(prefix + key)) found.set(prefix + key, BigInt(value));
    }
  }
  for (const layout of Object.values(structs)) {
    const record = header.structs.get(layout.name);
    if (record === undefined) continue;
    found.set(`sizeof(struct ${layout.name})`, BigInt(layout.size));
    claimFields(found, `struct ${layout.name}`, layout, record, '', 0);
  }
  return found;
}

function claimFields(
  found: Map<string, bigint>,
  type: string,
  layout: Struct,
  record: RecordType,
  prefix: string,
  base: number,
): void {
  for (const [name, field] of Object.entries(layout.fields)) {
    const member = memberOf(record, name);
    if (member === undefined) continue;
    const path = prefix + name;
    found.set(`offsetof(${type}, ${path})`, BigInt(base + field.offset));
    if (field.size > 0) found.set(`sizeof(((${type} *)0)->${path})`, BigInt(field.size));
    const inner = (field as Field & { layout?: Struct }).layout;
    if (inner !== undefined && member.kind === 'record') {
      claimFields(found, type, inner, member.record, `${path}.`, base + field.offset);
    }
  }
}

/** A member's type, looked for in anonymous members too. */
function memberOf(record: RecordType, name: string): RecordType['members'][number]['type'] | undefined {
  for (const member of record.members) {
    if (member.name === name) return member.type;
    if (member.name === '' && member.type.kind === 'record') {
      const inside = memberOf(member.type.record, name);
      if (inside !== undefined) return inside;
    }
  }
  return undefined;
}

/** What the compiler says of each expression. */
function compiled(expressions: Iterable<string>): Map<string, bigint> {
  const folder = mkdtempSync(join(tmpdir(), 'vizor-abi-'));
  try {
    const lines = [...expressions].map((text) => `  printf("%s\\t%llu\\n", "${text}", (unsigned long long)(${text}));`);
    const source = `#include <stddef.h>\n#include <stdio.h>\n#include <sys/ioctl.h>\n#include <linux/kvm.h>\nint main(void) {\n${lines.join('\n')}\n}\n`;
    writeFileSync(join(folder, 'abi.c'), source);
    execFileSync('gcc', ['-w', '-o', join(folder, 'abi'), join(folder, 'abi.c')]);
    const output = execFileSync(join(folder, 'abi'), { encoding: 'utf8' });
    return new Map(
      output
        .trimEnd()
        .split('\n')
        .map((line) => {
          const [text, value] = line.split('\t');
          return [text, BigInt(value)];
        }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the ABI of KVM', () => {
  test.skipIf(skipped !== undefined)(`is the C compiler’s${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
    const claimed = claims(readHeaders(INCLUDE));
    expect(claimed.size).toBeGreaterThan(900);
    // Debian's headers of any kernel since 6.1 have these.
    for (const name of [
      'KVM_RUN',
      'KVM_CAP_IRQCHIP',
      'sizeof(struct kvm_run)',
      'offsetof(struct kvm_run, s.regs.regs.rip)',
    ]) {
      expect(claimed.has(name)).toBe(true);
    }
    const actual = compiled(claimed.keys());
    const wrong = [...claimed].filter(([text, value]) => actual.get(text) !== value);
    expect(wrong).toEqual([]);
  });

  test.skipIf(skipped !== undefined)('is parsed as the compiler reads it, whatever the headers’ age', () => {
    const header = readHeaders(INCLUDE);
    const sizes = new Map([...header.structs.values()].map((r) => [`sizeof(struct ${r.name})`, BigInt(r.size)]));
    const numbers = new Map([...header.constants].filter(([name]) => name.startsWith('KVM_')));
    const actual = compiled([...sizes.keys(), ...numbers.keys()]);
    const wrong = [...sizes, ...numbers].filter(([text, value]) => actual.get(text) !== BigInt.asUintN(64, value));
    expect(wrong).toEqual([]);
  });
});

describe('the parser of headers', () => {
  const parse = (source: string) => parseHeaders([source]);

  test('follows alignment, unions, arrays and anonymous members', () => {
    const { structs: found } = parse(`
      #define COUNT (2 + 1)
      struct inner { __u8 a; __u64 b; };
      struct outer {
        __u16 x, y[COUNT];
        union { __u32 p; struct inner q; };
        char tail[COUNT][2]; /* rows */
        __DECLARE_FLEX_ARRAY(struct inner, rest);
      };`);
    const outer = found.get('outer');
    expect(outer).toMatchObject({ size: 32, align: 8 });
    expect(outer?.members.map(({ name, offset }) => [name, offset])).toEqual([
      ['x', 0],
      ['y', 2],
      ['', 8],
      ['tail', 24],
      ['rest', 32],
    ]);
  });

  test('takes conditionals, macros of macros, enumerators and request numbers', () => {
    const { constants: found, requests } = parse(`
      #define HAVE_IT
      #ifdef HAVE_IT
      #define A (1UL << 4)
      #else
      #define A 7
      #endif
      #ifndef HAVE_IT
      struct unknown_to_us { strange thing; };
      #endif
      enum colour { RED, GREEN = 5, BLUE };
      #define B (A | BLUE)
      #define TEXT "not a number"
      struct arg { __u64 a[2]; };
      #define REQUEST _IOWR(0xAE, 0x42, struct arg)`);
    expect(Object.fromEntries(found)).toEqual({ A: 16n, RED: 0n, GREEN: 5n, BLUE: 6n, B: 22n });
    expect(requests.get('REQUEST')).toBe(0xc010_ae42n);
  });

  test('says what it cannot read', () => {
    expect(() => parse('struct a { struct b c; };')).toThrow('used before it is defined');
    expect(() => parse('typedef int x;')).toThrow('unexpected typedef');
    expect(() => parse('#if 0\n#endif')).toThrow('cannot read');
  });
});
