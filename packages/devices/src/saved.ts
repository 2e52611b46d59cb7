import { VizorError } from '@vizor/core';

/**
 * Refuse state that another version of a device saved.
 *
 * @throws {VizorError} `unsupported`
 */
export function requireVersion(device: string, state: { readonly v: number }, version: number): void {
  if (state.v === version) return;
  throw new VizorError('unsupported', `restore ${device}`, `state version ${state.v}, this build reads ${version}`, {
    hint: 'use the version of Vizor that saved it',
  });
}
