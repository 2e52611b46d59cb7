import type { Encoding } from './forms.ts';
import type { State } from './state.ts';

/** Take differences off the list that the manuals allow: none yet. */
export function tolerated(_encoding: Encoding, _before: State, _host: State, _guest: State, _differences: string[]): void {}
