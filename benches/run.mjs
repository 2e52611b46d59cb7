// `npm run bench [-- NAME… [--rounds N]]`: installs, builds the kernels, runs the benchmarks named, or all of them.

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, install, root, runPinned } from '../tools/pinned.mjs';

const SUFFIX = '.bench.ts';
const folder = dirname(fileURLToPath(import.meta.url));
const known = readdirSync(folder)
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length));

const given = process.argv.slice(2);
const options = given.findIndex((word) => word.startsWith('-'));
const names = options < 0 ? given : given.slice(0, options);
const rest = options < 0 ? [] : given.slice(options);
const unknown = names.find((name) => !known.includes(name));
if (unknown !== undefined) fail(`there is no benchmark ${unknown} (there are ${known.join(', ')})`);

if (!install()) fail('packages could not be installed (see above; is the npm registry reachable?)');
if (runPinned([join(root, 'tools/build-kernels.ts')]) !== 0) fail('the kernels could not be built (see above)');
for (const name of names.length > 0 ? names : known) {
  process.stdout.write(`\n── ${name}\n`);
  if (runPinned([join(folder, `${name}${SUFFIX}`), ...rest]) !== 0) process.exitCode = 1;
}
