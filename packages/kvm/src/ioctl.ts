// The one way to the kernel: a request on a descriptor, and what its refusal means.

import { VizorError } from '@vizor/core';
import { CAUSES } from './causes.ts';
import { CAP } from './generated/constants.ts';
import { REQUESTS, type RequestName } from './generated/requests.ts';
import { Descriptor } from './native/descriptor.ts';
import { describeErrno, errnoName } from './native/errno.ts';
import { close, errno, ioctlBuffer, ioctlNumber, O_RDWR_CLOEXEC, open } from './native/libc.ts';
import { generalHint, systemCause } from './native/system-error.ts';

/** The number of a capability: a value of {@link CAP}. */
export type Capability = (typeof CAP)[keyof typeof CAP];

/** Errors that a kernel gives for a request that it does not have. */
const NOT_THERE = ['ENOTTY', 'EINVAL', 'ENXIO', 'ENOSYS', 'EOPNOTSUPP', 'ENODEV', 'EPERM'];

/** `KVM_CAP_IRQCHIP` for 0. */
export function capabilityName(capability: number): string {
  const name = Object.entries(CAP).find(([, number]) => number === capability)?.[0];
  return name === undefined ? `capability ${capability}` : `KVM_CAP_${name}`;
}

/** Whether the host's KVM says that it does not have a capability. */
export function hostLacks(capability: Capability): boolean {
  const fd = open('/dev/kvm', O_RDWR_CLOEXEC);
  if (fd < 0) return false;
  const answer = ioctlNumber(fd, REQUESTS.KVM_CHECK_EXTENSION, capability);
  close(fd);
  return answer === 0;
}

function unsupported(operation: string, capability: Capability): VizorError {
  return new VizorError('unsupported', operation, `this host's KVM lacks ${capabilityName(capability)}`, {
    hint: 'a newer kernel or other hardware may have it',
  });
}

/** @throws VizorError `unsupported` when the host lacks a capability */
export function requireCapability(operation: string, capability: Capability): void {
  if (hostLacks(capability)) throw unsupported(operation, capability);
}

/** The refusal of a request, `number` being its errno: `unsupported` where the host lacks what it needs. */
export function refusal(request: RequestName, what: string, number: number, needs?: Capability): VizorError {
  const name = errnoName(number);
  const operation = `${request} on ${what}`;
  const cause = systemCause('ioctl', number);
  if (needs !== undefined && NOT_THERE.includes(name) && hostLacks(needs)) {
    return unsupported(operation, needs);
  }
  if (name === 'ENOTTY') {
    return new VizorError('unsupported', operation, describeErrno(number), {
      hint: 'a newer kernel may have it',
      cause,
    });
  }
  const hint = CAUSES[request]?.[name] ?? generalHint(name);
  return new VizorError('host', operation, describeErrno(number), hint === undefined ? { cause } : { hint, cause });
}

/** A descriptor that takes KVM's requests. */
export class IoctlTarget {
  readonly descriptor: Descriptor;
  readonly #guard: (() => void) | undefined;

  /** @param guard called before each request; throws where the caller may not make it */
  constructor(descriptor: Descriptor, guard?: () => void) {
    this.descriptor = descriptor;
    this.#guard = guard;
  }

  /** A request whose argument is a number. The result is not negative. */
  call(request: RequestName, argument = 0, needs?: Capability): number {
    const result = this.attempt(request, argument);
    if (result < 0) throw refusal(request, this.descriptor.what, errno(), needs);
    return result;
  }

  /** A request whose argument points to a structure, which the kernel reads, writes or both. */
  transfer(request: RequestName, structure: ArrayBufferView, needs?: Capability): number {
    const result = this.attemptTransfer(request, structure);
    if (result < 0) throw refusal(request, this.descriptor.what, errno(), needs);
    return result;
  }

  /** Like {@link call}, but a refusal is -1 and `errno` of the C library. */
  attempt(request: RequestName, argument: number): number {
    this.#guard?.();
    return ioctlNumber(this.descriptor.fd, REQUESTS[request], argument);
  }

  /** Like {@link transfer}, but a refusal is -1 and `errno` of the C library. */
  attemptTransfer(request: RequestName, structure: ArrayBufferView): number {
    this.#guard?.();
    return ioctlBuffer(this.descriptor.fd, REQUESTS[request], structure);
  }

  /** A request that answers with a new descriptor. */
  open(request: RequestName, what: string, argument = 0, needs?: Capability): Descriptor {
    return new Descriptor(this.call(request, argument, needs), what);
  }
}
