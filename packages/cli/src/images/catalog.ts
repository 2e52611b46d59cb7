import { VizorError } from '@vizor/core';

/** A file of a Debian package that Vizor fetches and keeps. */
export interface CatalogEntry {
  readonly name: string;
  readonly about: string;
  /** The package that is asked for. */
  readonly package: string;
  /** Where that is a meta package: which of its dependencies holds the file. */
  readonly dependency?: RegExp;
  /** The file's path in the package. */
  readonly file: RegExp;
  /** How it boots; absent for what is not a guest but a part of one. */
  readonly boot?: {
    readonly cmdline: string;
    /** Does it get Vizor's own initramfs when none is named? */
    readonly initramfs: boolean;
  };
}

/** Command line of a Linux guest: console on the serial port, a panic ends the machine. */
export const LINUX_CMDLINE = 'console=ttyS0 panic=-1';

const LINUX = Object.freeze({ cmdline: LINUX_CMDLINE, initramfs: true });

const CLOUD: CatalogEntry = {
  name: 'cloud',
  about: "Debian's kernel for virtual machines",
  package: 'linux-image-cloud-amd64',
  dependency: /^linux-image-\d[a-z0-9.+~-]*-cloud-amd64$/,
  file: /^boot\/vmlinuz-/,
  boot: LINUX,
};

const GENERIC: CatalogEntry = {
  name: 'generic',
  about: "Debian's kernel for all machines",
  package: 'linux-image-amd64',
  dependency: /^linux-image-\d[a-z0-9.+~-]*-amd64$/,
  file: /^boot\/vmlinuz-/,
  boot: LINUX,
};

const MEMTEST: CatalogEntry = {
  name: 'memtest',
  about: 'memory test, boots without an operating system',
  package: 'memtest86+',
  file: /^boot\/memtest86\+x64\.bin$/,
  boot: { cmdline: 'console=ttyS0,115200', initramfs: false },
};

/** The userland of Vizor's own initramfs. */
export const BUSYBOX: CatalogEntry = {
  name: 'busybox',
  about: 'userland of the initramfs',
  package: 'busybox-static',
  file: /^(usr\/)?bin\/busybox$/,
};

export const CATALOG: readonly CatalogEntry[] = [CLOUD, GENERIC, MEMTEST, BUSYBOX];

/** The guest that runs when none is named. */
export const DEFAULT_IMAGE = CLOUD;

/** @throws VizorError `usage` when there is no such image */
export function findImage(name: string): CatalogEntry {
  const entry = CATALOG.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    throw new VizorError('usage', `image ${name}`, 'there is no such image', {
      hint: `there are ${CATALOG.map((candidate) => candidate.name).join(', ')}`,
    });
  }
  return entry;
}
