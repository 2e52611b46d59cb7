import { VizorError } from '@vizor/core';

const UNITS = Object.freeze({ K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 });

/**
 * Bytes of a size as users write it: `512M`, `1.5G`, `64KiB`. The unit is required, since programs disagree on what a
 * bare number means (only `0` needs none); units are powers of 1024.
 *
 * @param what the option or parameter that the text came with, for the message
 * @throws VizorError `usage` when the text is no whole number of bytes
 */
export function parseSize(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:([KMGT])(?:i?B)?)?$/i.exec(text.trim());
  const unit = match?.[2]?.toUpperCase() as keyof typeof UNITS | undefined;
  const bytes = Number(match?.[1]) * (unit === undefined ? 1 : UNITS[unit]);
  if (match === null || !Number.isSafeInteger(bytes)) {
    throw new VizorError('usage', what, `'${text}' is not a size`, { hint: 'write it like 512M or 1G' });
  }
  if (unit === undefined && bytes !== 0) {
    throw new VizorError('usage', what, `'${text}' has no unit`, { hint: `write ${text.trim()}M for mebibytes` });
  }
  return bytes;
}
