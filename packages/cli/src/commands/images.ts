import { VizorError } from '@vizor/core';
import { Command } from 'commander';
import { STATUS } from '../exit-status.ts';
import { cacheFolder, ImageCache } from '../images/cache.ts';
import { CATALOG, findImage } from '../images/catalog.ts';
import { fetchImage } from '../images/fetch.ts';
import { Reporter } from '../reporter.ts';

const COLUMNS = ['NAME', 'VERSION', 'SIZE', 'FETCHED', 'WHAT'];

async function list(): Promise<void> {
  const cache = new ImageCache(cacheFolder());
  const rows = [COLUMNS];
  for (const { name, about } of CATALOG) {
    const record = (await cache.load(name))?.record;
    const size = record && `${(record.size / 1e6).toFixed(1)} MB`;
    rows.push([name, record?.version ?? '-', size ?? '-', record?.fetched.slice(0, 10) ?? '-', about]);
  }
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const format = (row: string[]): string => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  process.stdout.write(rows.map((row) => `${format(row).trimEnd()}\n`).join(''));
}

async function fetch(name: string): Promise<void> {
  const reporter = new Reporter(process.stderr);
  const cache = new ImageCache(cacheFolder());
  await fetchImage(findImage(name), cache, reporter);
  reporter.say(`${name} is in ${cache.folder}`);
}

async function remove(name: string): Promise<void> {
  const cache = new ImageCache(cacheFolder());
  if (!(await cache.remove(findImage(name).name))) {
    throw new VizorError('not-found', `remove ${name}`, 'it is not in the cache');
  }
}

/** `vizor images`, with its verbs. */
export function imagesCommand(finish: (status: number) => void): Command {
  const done =
    <Arguments extends unknown[]>(work: (...given: Arguments) => Promise<void>) =>
    async (...given: Arguments): Promise<void> => {
      await work(...given);
      finish(STATUS.OK);
    };
  const images = new Command('images').description('List, fetch and remove the guests in the cache.');
  images.command('list', { isDefault: true }).description('what there is, and what is in the cache').action(done(list));
  images.command('fetch').argument('<name>').description('fetch it from Debian, again if need be').action(done(fetch));
  images.command('remove').argument('<name>').description('remove it from the cache').action(done(remove));
  return images;
}
