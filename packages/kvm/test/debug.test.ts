import { expect, test } from 'vitest';
import { CODE, Guest } from './support/guest.ts';
import { describeKvm } from './support/host.ts';

/** xor eax, eax; inc eax; inc eax; mov [0x3000], eax; nop; hlt, in 32-bit code */
const STEPS = [0x31, 0xc0, 0x40, 0x40, 0xa3, 0, 0x30, 0, 0, 0x90, 0xf4];
const DEBUG_EXCEPTION = 1;
const BREAKPOINT = 3;

describeKvm('a guest under a debugger', () => {
  test('goes step by step', () => {
    using guest = new Guest({ mode: 'protected', code: STEPS });
    guest.vcpu.debug.enable({ singleStep: true });
    const places = [1, 2, 3, 4, 5].map(() => {
      expect(guest.run()).toBe('DEBUG');
      expect(guest.vcpu.page.debug.exception).toBe(DEBUG_EXCEPTION);
      return Number(guest.vcpu.page.debug.pc) - CODE;
    });
    expect(places).toEqual([2, 3, 4, 9, 10]);
    guest.vcpu.debug.disable();
    expect(guest.run()).toBe('HLT');
  });

  test('stops at an instruction, and at a write', () => {
    using guest = new Guest({ mode: 'protected', code: STEPS });
    guest.vcpu.debug.enable({
      hardwareBreakpoints: [
        { address: CODE + 3, on: 'execute', size: 1 },
        { address: 0x3000, on: 'write', size: 4 },
      ],
    });
    expect(guest.run()).toBe('DEBUG');
    expect(guest.vcpu.page.debug).toMatchObject({ exception: DEBUG_EXCEPTION, pc: BigInt(CODE + 3) });
    expect(guest.vcpu.page.debug.dr6 & 1n).toBe(1n);
    expect(guest.vcpu.regs.get().rax).toBe(1n);
    guest.vcpu.debug.disable();
    expect(guest.run()).toBe('HLT');
  });

  test('stops at INT3 in user mode', () => {
    using guest = new Guest({ mode: 'user', code: [0x90, 0xcc, 0xe6, 0x80] });
    guest.vcpu.debug.enable({ softwareBreakpoints: true });
    const reason = guest.run();
    // kvm_pvm gives the exception to the guest all the same, which has no handler here.
    if (reason === 'SHUTDOWN') return;
    expect(reason).toBe('DEBUG');
    expect(guest.vcpu.page.debug.exception).toBe(BREAKPOINT);
    expect([CODE + 1, CODE + 2]).toContain(Number(guest.vcpu.page.debug.pc));
  });

  test('has four breakpoints and no more', () => {
    using guest = new Guest({ code: [0xf4] });
    const one = { address: 0, on: 'execute', size: 1 } as const;
    expect(() => guest.vcpu.debug.enable({ hardwareBreakpoints: [one, one, one, one, one] })).toThrow('four');
  });
});
