import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { REQUESTS } from '@vizor/kvm';
import { expect, test } from 'vitest';
import { describeKvm } from './support/host.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describeKvm('the README', () => {
  test('has an example that runs', () => {
    const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const folder = fileURLToPath(new URL('..', import.meta.url));
    const options = { cwd: folder, encoding: 'utf8' } as const;
    const output = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', example], options);
    expect(output).toBe('port 3f8: !\n');
  });
});

test('the README’s table has every request', () => {
  const missing = Object.keys(REQUESTS).filter(
    (name) => !readme.includes(name) && !/^KVM_(XEN_(HVM|VCPU)|MEMORY_ENCRYPT)_/.test(name),
  );
  expect(missing).toEqual([]);
});
