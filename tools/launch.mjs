#!/usr/bin/env node
// The `vizor` command of a checkout: whatever Node starts it, the command itself runs under the pinned one.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { become, fail, isPinned, pinnedNode, root } from './pinned.mjs';

const main = join(root, 'packages/cli/src/main.ts');

if (!existsSync(pinnedNode)) fail(`packages are not installed (run npm start in ${root})`);
if (!existsSync(join(root, 'asm/build/cpu.wasm'))) fail(`the kernels are not built (run npm start in ${root})`);

if (isPinned()) {
  process.argv[1] = main;
  await import(pathToFileURL(main).href);
} else {
  become([main, ...process.argv.slice(2)]);
}
