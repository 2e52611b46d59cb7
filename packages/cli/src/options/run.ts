import { VizorError } from '@vizor/core';
import type { AcceleratorChoice, JitChoice } from '@vizor/machine';
import { RAM_MAX, RAM_MIN } from '@vizor/memory';
import { parseSize } from './size.ts';

/** Where the guest's first serial port leads. */
export type SerialTarget = { kind: 'stdio' } | { kind: 'file'; path: string } | { kind: 'null' };

/** The options of `vizor run`, checked. */
export interface RunOptions {
  accel: AcceleratorChoice;
  jit: JitChoice;
  cpus: number;
  /** Bytes of guest RAM. */
  memory: number;
  kernel?: string;
  /** A file, or `none` for a guest that boots without one. */
  initramfs?: string;
  cmdline?: string;
  serial: SerialTarget;
  /** Seconds the guest may run. */
  timeout?: number;
  json?: true;
  quiet?: true;
}

/** Most seconds that a timer of the host's counts. */
const TIMEOUT_MAX = 2_000_000;
const MIB = 2 ** 20;

export function parseMemory(text: string): number {
  const bytes = parseSize(text, '--memory');
  if (bytes < RAM_MIN || bytes > RAM_MAX || bytes % 4096 !== 0) {
    const range = `between ${RAM_MIN / MIB}M and ${Math.floor(RAM_MAX / MIB)}M, in steps of 4K`;
    throw new VizorError('usage', '--memory', `a guest cannot have ${text}`, { hint: `give it ${range}` });
  }
  return bytes;
}

export function parseCpus(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new VizorError('usage', '--cpus', `'${text}' is not a number of CPUs`);
  if (text !== '1') {
    throw new VizorError('unsupported', '--cpus', `a guest has one CPU for now, not ${text}`, {
      hint: 'give --cpus 1',
    });
  }
  return 1;
}

export function parseAccelerator(text: string): AcceleratorChoice {
  if (text === 'auto' || text === 'wasm') return text;
  if (text === 'kvm') {
    throw new VizorError('unsupported', '--accel', 'this build does not have kvm yet', { hint: 'give --accel wasm' });
  }
  throw new VizorError('usage', '--accel', `there is no accelerator '${text}'`, { hint: 'give auto or wasm' });
}

export function parseJit(text: string): JitChoice {
  if (text === 'on' || text === 'off' || text === 'stress') return text;
  throw new VizorError('usage', '--jit', `'${text}' is neither on nor off`, { hint: 'give on, off or stress' });
}

export function parseSerial(text: string): SerialTarget {
  if (text === 'stdio' || text === 'null') return { kind: text };
  if (text.startsWith('file=') && text.length > 'file='.length)
    return { kind: 'file', path: text.slice('file='.length) };
  throw new VizorError('usage', '--serial', `'${text}' is no place to send the serial port`, {
    hint: 'give stdio, file=PATH or null',
  });
}

export function parseTimeout(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (seconds <= 0 || seconds > TIMEOUT_MAX) {
    throw new VizorError('usage', '--timeout', `'${text}' is not a number of seconds`, {
      hint: `give more than 0 and at most ${TIMEOUT_MAX}`,
    });
  }
  return seconds;
}
