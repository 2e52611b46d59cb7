import { decode, encode, structs } from '@vizor/kvm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { build } from '../src/layout.ts';

test('a structure is what its bytes say', () => {
  const bytes = new Uint8Array(structs.kvm_segment.size).map((_, i) => i);
  expect(decode(structs.kvm_segment, new DataView(bytes.buffer))).toEqual({
    base: 0x0706_0504_0302_0100n,
    limit: 0x0b0a_0908,
    selector: 0x0d0c,
    type: 14,
    present: 15,
    dpl: 16,
    db: 17,
    s: 18,
    l: 19,
    g: 20,
    avl: 21,
    unusable: 22,
  });
});

test('only what is given is written, in nested structures too', () => {
  const view = new DataView(new ArrayBuffer(structs.kvm_sregs.size));
  new Uint8Array(view.buffer).fill(0xff);
  encode(structs.kvm_sregs, view, { cs: { base: 5, selector: 8 }, cr0: 1n });
  const { cs, ds, cr0, cr2 } = decode(structs.kvm_sregs, view);
  expect(cs).toMatchObject({ base: 5n, selector: 8, limit: 0xffff_ffff });
  expect(ds.base).toBe(0xffff_ffff_ffff_ffffn);
  expect([cr0, cr2]).toEqual([1n, 0xffff_ffff_ffff_ffffn]);
});

test('a union stands for its first member; the others have a place', () => {
  const view = build(structs.kvm_irq_level, { irq: 0xffff_ffff });
  expect(decode(structs.kvm_irq_level, view)).toEqual({ irq: 0xffff_ffff, level: 0 });
  expect(structs.kvm_irq_level.fields.status.read(view)).toBe(-1);
});

test('whatever is written is read again', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const entry = fc.record({ index: fc.nat(), data: word });
  fc.assert(
    fc.property(
      word,
      word,
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      byte,
      fc.array(entry, { maxLength: 8 }),
      (rip, rax, xmm, nr, list) => {
        expect(decode(structs.kvm_regs, build(structs.kvm_regs, { rip, rax }))).toMatchObject({ rip, rax, rbx: 0n });
        expect(decode(structs.kvm_fpu, build(structs.kvm_fpu, { xmm: [xmm] })).xmm[0]).toEqual(xmm);
        const events = build(structs.kvm_vcpu_events, { interrupt: { nr } });
        expect(decode(structs.kvm_vcpu_events, events).interrupt).toEqual({ injected: 0, nr, soft: 0, shadow: 0 });
        const table = build(structs.kvm_msrs, { nmsrs: list.length }, list.length * structs.kvm_msr_entry.size);
        const at = structs.kvm_msrs.fields.entries;
        list.forEach((item, i) => {
          at.at(i).write(table, item);
        });
        expect(list.map((_, i) => at.at(i).read(table))).toEqual(list);
      },
    ),
    { numRuns: 200 },
  );
});
