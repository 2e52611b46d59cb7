import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkImports, importsOf } from './check-imports.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vizor-imports-'));
  write('package.json', '{ "devDependencies": { "vitest": "*" } }');
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function givePackage(name: string, dependencies: string[], source: string): void {
  const wanted = Object.fromEntries(dependencies.map((dependency) => [dependency, '*']));
  write(`packages/${name}/package.json`, JSON.stringify({ dependencies: wanted }, null, 2));
  write(`packages/${name}/src/index.ts`, source);
}

test('a tree that keeps the order has nothing to report', () => {
  givePackage('core', [], 'export const one = 1;\n');
  givePackage('bus', ['@vizor/core'], "export { one } from '@vizor/core';\nexport * from './bus.ts';\n");
  write('packages/bus/src/bus.ts', 'export {};\n');
  write('packages/bus/test/bus.test.ts', "import { test } from 'vitest';\nimport { one } from '@vizor/bus';\n");
  givePackage(
    'kernels',
    ['@vizor/asm'],
    "import { readFileSync } from 'node:fs';\nimport '@vizor/asm/layout/memory';\n",
  );
  expect(checkImports(root)).toEqual([]);
});

test.each([
  ['devices', ['@vizor/cpu'], "import type { Cpu } from '@vizor/cpu';", 'devices may not import cpu'],
  ['core', ['@vizor/bus'], "export * from '@vizor/bus';", 'core may not import bus'],
  ['bus', ['@vizor/memory'], "import {\n  A,\n} from '@vizor/memory';", 'bus may not import memory'],
  ['devices', [], "import { readFileSync } from 'node:fs';", 'devices may not import node:fs'],
  ['loader', [], "import { readFileSync } from 'node:fs';", 'loader may not import node:fs'],
  ['devices', ['koffi'], "import koffi from 'koffi';", 'devices may not call native code'],
  ['devices', ['@vizor/asm'], "import '@vizor/asm/layout/memory';", 'devices may not know the layout of linear memory'],
  [
    'cli',
    ['@vizor/asm'],
    "import.meta.resolve('@vizor/asm/build/cpu.wasm');",
    'cli may not know the layout of linear memory',
  ],
  [
    'cpu',
    ['@vizor/core'],
    "import { a } from '@vizor/core/src/a.ts';",
    '@vizor/core/src/a.ts reaches behind the index of core',
  ],
  ['machine', ['@vizor/testkit'], "const a = await import('@vizor/testkit');", 'testkit is for tests, not for sources'],
  [
    'machine',
    [],
    "new Worker(new URL('../../cpu/src/w.ts', import.meta.url));",
    '../../cpu/src/w.ts leaves the package',
  ],
  ['cli', [], "import { Command } from 'commander';", "commander is not in the package's dependencies"],
  [
    'surprise',
    ['@vizor/core'],
    "import '@vizor/core';",
    'package surprise has no layer yet: give it one in tools/check-imports.ts',
  ],
])('%s with %j importing %j is told with its line', (name, dependencies, statement, message) => {
  givePackage(name, dependencies, `// A comment.\n\n${statement}\n`);
  expect(checkImports(root)).toEqual([
    { file: `packages/${name}/src/index.ts`, line: 2 + statement.split('\n').length, message },
  ]);
});

test('files that import each other are a ring', () => {
  givePackage('core', [], "export * from './a.ts';\n");
  write('packages/core/src/a.ts', "import type { B } from './b.ts';\n");
  write('packages/core/src/b.ts', "\nimport { A } from './a.ts';\n");
  const message = 'files import each other: a.ts → b.ts → a.ts';
  expect(checkImports(root)).toEqual([{ file: 'packages/core/src/b.ts', line: 2, message }]);
});

test('a dependency nobody imports and a test import nobody declares are told', () => {
  givePackage('core', ['left-over'], 'export {};\n');
  write('packages/core/test/a.test.ts', "import { fc } from 'fast-check';\n");
  expect(checkImports(root)).toEqual([
    { file: 'packages/core/test/a.test.ts', line: 1, message: "fast-check is not in the package's devDependencies" },
    { file: 'packages/core/package.json', line: 3, message: 'left-over is a dependency that no source imports' },
  ]);
});

test('comments are not imports', () => {
  const source = "// import 'a';\n/**\n * import 'b';\n */\nconst text = `import 'c'`;\nimport 'd';\n";
  expect(importsOf(source)).toEqual([{ specifier: 'd', line: 6 }]);
});
