// Writes packages/kvm/src/generated from the kernel's UAPI headers of KVM.
//
//   node tools/kvm/generate.ts [INCLUDE]
//
// INCLUDE is the folder that holds linux/kvm.h and x86_64-linux-gnu/asm/kvm.h, /usr/include unless told otherwise:
// Debian's package linux-libc-dev. What is written is committed, so that the package needs no headers. Generate it anew
// to take up a newer kernel's; older headers would take away what they do not have.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONSTANT_GROUPS, isForX86 } from './names.ts';
import { type Header, parseHeaders } from './parse.ts';
import { printStruct, structOrder } from './print-struct.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The headers below a folder, parsed as the compiler sees them. */
export function readHeaders(include: string): Header {
  const files = ['x86_64-linux-gnu/asm/kvm.h', 'linux/kvm.h'];
  return parseHeaders(files.map((file) => readFileSync(join(include, file), 'utf8')));
}

const BANNER = '// Written by tools/kvm/generate.ts from linux/kvm.h and asm/kvm.h. Do not edit.\n';

function table(name: string, doc: string, entries: Iterable<readonly [string, bigint]>): string {
  const lines = [...entries].map(([key, value]) => {
    const text = value > 0xffff_ffffn ? `${value}n` : value >= 4096n ? `0x${value.toString(16)}` : `${value}`;
    return `  ${/^\d/.test(key) ? `_${key}` : key}: ${text},\n`;
  });
  return `\n/** ${doc} */\nexport const ${name} = Object.freeze({\n${lines.join('')}});\n`;
}

function requests(header: Header): string {
  const found = [...header.requests].filter(([name]) => name.startsWith('KVM_') && isForX86(name));
  return `${BANNER}${table('REQUESTS', 'Numbers of the `ioctl` requests.', found)}
export type RequestName = keyof typeof REQUESTS;
`;
}

function constants(header: Header): string {
  const parts = CONSTANT_GROUPS.map(({ table: name, prefix, doc, only }) => {
    const entries = [...header.constants]
      .filter(([key]) => key.startsWith(prefix) && isForX86(key) && (only?.(key.slice(prefix.length)) ?? true))
      .map(([key, value]) => [key.slice(prefix.length), value] as const);
    if (entries.length === 0) throw new Error(`no constant starts with ${prefix}`);
    return table(name, doc, entries);
  });
  return `${BANNER}${parts.join('')}`;
}

function structs(header: Header): string {
  const kinds = [
    'bytes',
    'list',
    'nested',
    'overlay',
    's16',
    's32',
    's64',
    'struct',
    'tail',
    'u8',
    'u16',
    'u32',
    'u64',
  ];
  const body = structOrder(header).map(printStruct).join('\n');
  const used = kinds.filter((kind) => new RegExp(`\\b${kind}\\(|, ${kind}\\b`).test(body));
  return `${BANNER}\nimport { ${used.join(', ')} } from '../layout.ts';\n\n${body}`;
}

function main(include: string): void {
  const header = readHeaders(include);
  const folder = join(root, 'packages/kvm/src/generated');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'requests.ts'), requests(header));
  writeFileSync(join(folder, 'constants.ts'), constants(header));
  writeFileSync(join(folder, 'structs.ts'), structs(header));
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  execFileSync(process.execPath, [biome, 'format', '--write', folder], { cwd: root, stdio: 'inherit' });
}

if (import.meta.main) main(process.argv[2] ?? '/usr/include');
