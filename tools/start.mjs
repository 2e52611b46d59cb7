// `npm start`: install, build the kernels, boot the default guest. Arguments after `--` go to `vizor run`.

import { join } from 'node:path';
import { become, fail, install, root, runPinned } from './pinned.mjs';

if (!install()) fail('packages could not be installed (see above; is the npm registry reachable?)');
if (runPinned([join(root, 'tools/build-kernels.ts')], ['ignore', 2, 2]) !== 0) {
  fail('the kernels could not be built (see above)');
}
become([join(root, 'packages/cli/src/main.ts'), 'run', ...process.argv.slice(2)]);
