// Checks of what a caller hands over, made before the kernel sees it.

import { VizorError } from '@vizor/core';

export const PAGE = 4096;

function refuse(operation: string, problem: string, hint?: string): never {
  throw new VizorError('usage', operation, problem, hint === undefined ? {} : { hint });
}

/** A non-negative integer below `limit`. */
export function requireIndex(operation: string, what: string, value: number, limit: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= limit) {
    refuse(operation, `${what} ${value} is out of range`, `give one of 0 to ${limit - 1}`);
  }
}

/** A guest or host address, or a size, that is a multiple of the page size. */
export function requirePages(operation: string, what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value % PAGE !== 0) {
    refuse(operation, `${what} 0x${value.toString(16)} is not a multiple of ${PAGE}`);
  }
}

export function requireOneOf(operation: string, what: string, value: number, choices: readonly number[]): void {
  if (!choices.includes(value)) refuse(operation, `${what} ${value}`, `give one of ${choices.join(', ')}`);
}

export function requireBytes(operation: string, what: string, value: ArrayBufferView, length: number): void {
  if (value.byteLength < length) refuse(operation, `${what} has ${value.byteLength} bytes and needs ${length}`);
}
