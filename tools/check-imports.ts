// Enforces who may import whom: the layers of ARCHITECTURE.md, read off the actual imports of packages/*/src.
//
// Type imports count like any other: knowing a type is knowing the package.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Layers from the bottom up. A package may import those of lower layers; neighbours only as {@link NEIGHBOURS} says. */
const LAYERS = [
  ['core'],
  ['memory', 'kernels', 'bus'],
  ['devices', 'pci', 'virtio', 'block', 'net', 'loader', 'cpu', 'kvm'],
  ['machine'],
  ['cli'],
];
/** Imports within a layer. */
const NEIGHBOURS: Record<string, string[]> = { kernels: ['memory'] };
/** Packages that know the layout of linear memory, and so read `@vizor/asm`. */
const READS_LAYOUT = ['memory', 'kernels', 'cpu', 'kvm', 'machine'];
/** Of `@vizor/asm`, what else a package may use: cli the tiny guest that the build leaves there. */
const BUILD_OUTPUTS: Record<string, string[]> = { cli: ['/build/guest.elf'] };
/** Node's own modules that a package may use; `*` for all. The rest runs wherever WebAssembly does. */
const NODE_MODULES: Record<string, string[]> = {
  kernels: ['node:fs'],
  kvm: ['node:fs', 'node:path'],
  loader: ['node:zlib', 'node:crypto', 'node:util'],
  machine: ['*'],
  cli: ['*'],
  testkit: ['*'],
};
/** Packages that call native code. */
const CALLS_NATIVE = ['memory', 'kvm'];
/** For tests alone: it sees the contracts it fakes, and no source imports it. */
const TEST_ONLY = 'testkit';

export interface Violation {
  /** Path from the root of the checkout. */
  file: string;
  line: number;
  message: string;
}

interface Import {
  specifier: string;
  line: number;
}

interface Package {
  name: string;
  folder: string;
  manifest: { dependencies?: Record<string, string>; devDependencies?: Record<string, string> };
}

const STATEMENT = /^(?:import|export)\b(?:[^'";]*?\bfrom\s*)?\s*'([^']+)'/gm;
const EXPRESSION =
  /\bimport(?:\.meta\.resolve)?\(\s*'([^']+)'\s*\)|\bnew URL\(\s*'(\.[^']+)',\s*import\.meta\.url\s*\)/g;

/** Every module a source file names, in `import`, `export … from`, `import()`, `import.meta.resolve()` and `new URL(…, import.meta.url)`. */
export function importsOf(source: string): Import[] {
  const code = source.replace(/^\s*(?:\/\/|\*).*$/gm, (comment) => comment.replace(/[^\n]/g, ' '));
  const found: Import[] = [];
  for (const pattern of [STATEMENT, EXPRESSION]) {
    for (const match of code.matchAll(pattern)) {
      const specifier = match[1] ?? match[2] ?? '';
      const at = match.index + match[0].indexOf(specifier);
      found.push({ specifier, line: code.slice(0, at).split('\n').length });
    }
  }
  return found;
}

function layerOf(name: string): number {
  return LAYERS.findIndex((layer) => layer.includes(name));
}

/** Why `from` may not import the workspace package `to`, or undefined when it may. */
function packageProblem(from: string, to: string, path = ''): string | undefined {
  if (to === 'asm' && BUILD_OUTPUTS[from]?.includes(path)) return undefined;
  if (to === 'asm') return READS_LAYOUT.includes(from) ? undefined : `${from} may not know the layout of linear memory`;
  if (from === TEST_ONLY) return layerOf(to) <= 1 ? undefined : `${from} may not import ${to}`;
  if (to === TEST_ONLY) return `${TEST_ONLY} is for tests, not for sources`;
  for (const name of [from, to]) {
    if (layerOf(name) < 0) return `package ${name} has no layer yet: give it one in tools/check-imports.ts`;
  }
  if (layerOf(to) < layerOf(from) || NEIGHBOURS[from]?.includes(to)) return undefined;
  return `${from} may not import ${to}`;
}

/** Why a package may not import a specifier, or undefined when it may. */
function importProblem(from: string, specifier: string): string | undefined {
  const workspace = /^@vizor\/([^/]+)(\/.*)?$/.exec(specifier);
  if (workspace !== null) {
    const [, to = '', path] = workspace;
    if (to !== 'asm' && path !== undefined) return `${specifier} reaches behind the index of ${to}`;
    return packageProblem(from, to, path);
  }
  if (specifier.startsWith('node:')) {
    const allowed = NODE_MODULES[from] ?? [];
    const fits = allowed.some((name) => name === '*' || specifier === name || specifier.startsWith(`${name}/`));
    return fits ? undefined : `${from} may not import ${specifier}`;
  }
  if (specifier === 'koffi' && !CALLS_NATIVE.includes(from)) return `${from} may not call native code`;
  return undefined;
}

/** The package of a bare specifier: `@scope/name` or `name`. */
function packageNameOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function sourcesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Files that import each other in a ring, each ring once, told at the import that closes it. */
function findCycles(
  edges: Map<string, { to: string; line: number }[]>,
): { file: string; line: number; ring: string[] }[] {
  const cycles: { file: string; line: number; ring: string[] }[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    path.push(file);
    for (const { to, line } of edges.get(file) ?? []) {
      const start = path.indexOf(to);
      if (start >= 0) cycles.push({ file, line, ring: [...path.slice(start), to] });
      else if (!done.has(to)) visit(to);
    }
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) if (!done.has(file)) visit(file);
  return cycles;
}

/** The directions of a package's own imports, and the rings among its files. Adds bare specifiers to `used`. */
function checkSources(root: string, owner: Package, used: Set<string>): Violation[] {
  const violations: Violation[] = [];
  const edges = new Map<string, { to: string; line: number }[]>();
  const home = join(owner.folder, 'src');
  for (const path of sourcesIn(home)) {
    const file = relative(root, path);
    const neighbours: { to: string; line: number }[] = [];
    for (const { specifier, line } of importsOf(readFileSync(path, 'utf8'))) {
      if (specifier.startsWith('.')) {
        const to = normalize(join(dirname(path), specifier));
        if (to.startsWith(`${home}/`)) neighbours.push({ to, line });
        else if (to !== join(owner.folder, 'package.json'))
          violations.push({ file, line, message: `${specifier} leaves the package` });
        continue;
      }
      if (!specifier.startsWith('node:')) used.add(packageNameOf(specifier));
      const message = importProblem(owner.name, specifier);
      if (message !== undefined) violations.push({ file, line, message });
      else if (!specifier.startsWith('node:') && !(packageNameOf(specifier) in (owner.manifest.dependencies ?? {}))) {
        violations.push({ file, line, message: `${packageNameOf(specifier)} is not in the package's dependencies` });
      }
    }
    edges.set(path, neighbours);
  }
  for (const { file, line, ring } of findCycles(edges)) {
    const names = ring.map((path) => relative(home, path)).join(' → ');
    violations.push({ file: relative(root, file), line, message: `files import each other: ${names}` });
  }
  return violations;
}

/** Dependencies that tests need must be declared, and none declared that nobody imports. */
function checkManifest(root: string, owner: Package, used: Set<string>): Violation[] {
  const violations: Violation[] = [];
  const rootManifest: Package['manifest'] = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const own = { ...owner.manifest.dependencies, ...owner.manifest.devDependencies };
  const declared = { ...own, ...rootManifest.devDependencies };
  const inTests = new Set<string>();
  for (const path of sourcesIn(join(owner.folder, 'test'))) {
    for (const { specifier, line } of importsOf(readFileSync(path, 'utf8'))) {
      if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
      const name = packageNameOf(specifier);
      inTests.add(name);
      if (!(name in declared) && name !== `@vizor/${owner.name}`) {
        violations.push({
          file: relative(root, path),
          line,
          message: `${name} is not in the package's devDependencies`,
        });
      }
    }
  }
  const text = readFileSync(join(owner.folder, 'package.json'), 'utf8').split('\n');
  const report = (name: string, message: string): void => {
    const line = text.findIndex((content) => content.includes(`"${name}"`)) + 1;
    violations.push({ file: relative(root, join(owner.folder, 'package.json')), line, message });
  };
  for (const name of Object.keys(owner.manifest.dependencies ?? {})) {
    if (!used.has(name)) report(name, `${name} is a dependency that no source imports`);
  }
  for (const name of Object.keys(owner.manifest.devDependencies ?? {})) {
    const typed = name.startsWith('@types/') && used.has(name.slice('@types/'.length));
    if (!inTests.has(name) && !typed) report(name, `${name} is a devDependency that no test imports`);
  }
  return violations;
}

/** Everything wrong with the imports of the checkout at `root`. */
export function checkImports(root: string): Violation[] {
  const packages = join(root, 'packages');
  return readdirSync(packages)
    .filter((name) => existsSync(join(packages, name, 'package.json')))
    .sort()
    .flatMap((name) => {
      const folder = join(packages, name);
      const manifest: Package['manifest'] = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const used = new Set<string>();
      const owner = { name, folder, manifest };
      return [...checkSources(root, owner, used), ...checkManifest(root, owner, used)];
    });
}

if (import.meta.main) {
  const violations = checkImports(dirname(dirname(fileURLToPath(import.meta.url))));
  for (const { file, line, message } of violations) process.stdout.write(`${file}:${line}: ${message}\n`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
