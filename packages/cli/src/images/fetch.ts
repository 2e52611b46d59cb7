import { VizorError } from '@vizor/core';
import type { Reporter } from '../reporter.ts';
import { Apt, type PackageRecord } from './apt.ts';
import { type ImageCache, sha256 } from './cache.ts';
import type { CatalogEntry } from './catalog.ts';
import { extractFromDeb } from './deb.ts';

/** The package that holds an image's file: the one named, or the dependency that a meta package stands for. */
async function findPackage(apt: Apt, entry: CatalogEntry): Promise<PackageRecord> {
  const named = await apt.find(entry.package);
  const { dependency } = entry;
  if (dependency === undefined) return named;
  const real = named.depends.find((name) => dependency.test(name));
  if (real === undefined) {
    throw new VizorError('not-found', `look up ${entry.package}`, `version ${named.version} names no kernel package`);
  }
  return apt.find(real);
}

/** An image's package. Lists older than the archive name versions that are gone: then they are updated, once. */
async function download(
  apt: Apt,
  entry: CatalogEntry,
  folder: string,
): Promise<{ record: PackageRecord; deb: Uint8Array }> {
  try {
    const record = await findPackage(apt, entry);
    return { record, deb: await apt.download(record, folder) };
  } catch (error) {
    if (!(error instanceof VizorError && error.code === 'not-found')) throw error;
    await apt.update();
    const record = await findPackage(apt, entry);
    return { record, deb: await apt.download(record, folder) };
  }
}

/** The one file of a package that counts, and the package it came from. */
export interface FetchedImage {
  package: string;
  bytes: Uint8Array;
}

/** Fetch an image's package from Debian, verify it, and cache the one file of it that counts. */
export async function fetchImage(entry: CatalogEntry, cache: ImageCache, reporter: Reporter): Promise<FetchedImage> {
  await using folder = await cache.temporaryFolder();
  const apt = new Apt(`${cache.folder}/apt`, reporter);
  const { record, deb } = await download(apt, entry, folder.path);
  if (sha256(deb) !== record.sha256) {
    throw new VizorError('image', `fetch ${record.name}`, 'the download does not match its checksum', {
      hint: 'try again; apt-get update may help',
    });
  }
  reporter.progress(`unpacking ${record.name}`);
  const { path, bytes } = await extractFromDeb(deb, entry.file);
  await cache.store(entry.name, bytes, { package: record.name, version: record.version, path });
  return { package: record.name, bytes };
}

/** An image's file from the cache, or else from Debian. A cached file that does not match its checksum is fetched anew. */
export async function obtainImage(entry: CatalogEntry, cache: ImageCache, reporter: Reporter): Promise<Uint8Array> {
  const cached = await cache.load(entry.name);
  return cached?.bytes ?? (await fetchImage(entry, cache, reporter)).bytes;
}
