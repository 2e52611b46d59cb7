// What of the host a test needs, and what it must leave behind as it found it.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { VizorError } from '@vizor/core';
import { type Capability, capabilityName, Kvm } from '@vizor/kvm';
import { describe, test } from 'vitest';

function whyNoKvm(): string | undefined {
  try {
    Kvm.open()[Symbol.dispose]();
    return undefined;
  } catch (error) {
    if (error instanceof VizorError) return error.message;
    throw error;
  }
}

/** Why tests of the kernel's KVM cannot run here. */
export const noKvm = whyNoKvm();

/** Tests that use the real /dev/kvm, tagged in the title; skipped, with the reason there too, where there is none. */
export function describeKvm(title: string, tests: () => void): void {
  if (noKvm === undefined) describe(`[kvm] ${title}`, tests);
  else describe.skip(`[kvm] ${title} (skipped: ${noKvm})`, tests);
}

/** Whether this host's KVM has a capability. */
export function hostHas(capability: Capability): boolean {
  if (noKvm !== undefined) return false;
  using kvm = Kvm.open();
  return kvm.check(capability) > 0;
}

/** A test that needs a capability; skipped, with the reason in the title, where the host lacks it. */
export function testWith(capability: Capability, title: string, body: () => void): void {
  if (hostHas(capability)) test(title, body);
  else test.skip(`${title} (skipped: the host lacks ${capabilityName(capability)})`, body);
}

/** Open descriptors and mappings of KVM's. */
export function footprint(): { descriptors: number; mappings: number; threads: number } {
  const maps = existsSync('/proc/self/maps') ? readFileSync('/proc/self/maps', 'utf8') : '';
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    mappings: maps.split('\n').filter((line) => /kvm|memfd|eventfd/.test(line)).length,
    threads: readdirSync('/proc/self/task').length,
  };
}
