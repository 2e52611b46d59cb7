// `npm test`: all that CI does, in order. The last line says `N passed, N failed`, with `, N skipped` where some were.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install, runPinned } from './pinned.mjs';

const counts = { passed: 0, failed: 0, skipped: 0 };

/** One check under its heading; it counts as one passed or failed. */
function check(title, run) {
  process.stdout.write(`\n── ${title}\n`);
  const passed = run();
  counts[passed ? 'passed' : 'failed'] += 1;
  process.stdout.write(passed ? 'ok\n' : `FAILED: ${title}\n`);
  return passed;
}

/** Run the tests and count each of them. A test file that could not be loaded counts as one failure. */
function runTests() {
  process.stdout.write('\n── Tests\n');
  const folder = mkdtempSync(join(tmpdir(), 'vizor-check-'));
  try {
    const file = join(folder, 'tests.json');
    const options = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const status = runPinned(['node_modules/vitest/vitest.mjs', ...options]);
    const report = readReport(file);
    counts.passed += report.numPassedTests;
    counts.skipped += report.numPendingTests + report.numTodoTests;
    const broken = report.testResults.filter(
      (suite) => suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
    );
    const failed = report.numFailedTests + broken.length;
    counts.failed += status !== 0 && failed === 0 ? 1 : failed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
  }
}

function finish() {
  const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
  process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

if (check('Packages', install)) {
  // The packages import constants that the build generates, so the build comes before the type check.
  check('Kernels', () => runPinned(['tools/build-kernels.ts']) === 0);
  check('Types', () => runPinned(['node_modules/typescript/bin/tsc', '-p', '.']) === 0);
  check('Lint and format', () => runPinned(['node_modules/@biomejs/biome/bin/biome', 'check']) === 0);
  check('Import directions', () => runPinned(['tools/check-imports.ts']) === 0);
  runTests();
}
finish();
