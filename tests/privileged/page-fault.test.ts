// Page faults of every kind (Intel SDM vol. 3, 4.6 and 4.7): error code, CR2, accessed and dirty bits, in 32-bit, PAE and
// 4-level paging.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Assembler } from './assemble.ts';
import { AT, Bench, CR0, CR4, EFER, type EnterOptions } from './bench.ts';
import { type PageTables, type PagingKind, PTE } from './paging.ts';

const { P, W, U, A, D, PS, G, NX } = PTE;
const ALL = P | W | U;
/** Error code bits. */
const [EP, EW, EU, ERSVD, EI] = [1, 2, 4, 8, 16] as const;
/** The page that tests spoil: it shares no table with anything else. */
const victim = (kind: PagingKind) => (kind === 'long' ? 0x8040023000 : 0x40023000);
const FRAME = AT.FREE;

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

type Access = 'read' | 'write' | 'modify' | 'fetch';

/** Map the low 2 MiB and the victim, enter the mode, and put code there that makes one access to `address`. */
function prepare(kind: PagingKind, access: Access, options: EnterOptions = {}, address = victim(kind)): PageTables {
  const tables = bench.identity(kind);
  tables.map(victim(kind), FRAME, ALL);
  enter(kind, tables, options);
  const build = (asm: Assembler) => {
    asm.movi('b', address);
    if (access === 'read') asm.loadAt('a', 'b');
    else if (access === 'write') asm.movi('a', 0x11223344).storeAt('b', 'a');
    else if (access === 'modify') asm.bytes(0x01, 0x03);
    else asm.bytes(0xff, 0xe3);
    asm.hlt();
  };
  bench.code(kind === 'long' ? 64 : 32, build, options.user ? AT.USER_CODE : AT.CODE);
  return tables;
}

function enter(kind: PagingKind, tables: PageTables, options: EnterOptions): void {
  if (kind === 'long') bench.long({ ...options, tables });
  else bench.protected({ ...options, tables });
}

const KINDS: readonly PagingKind[] = ['legacy', 'pae', 'long'];
const WIDE: readonly PagingKind[] = ['pae', 'long'];
const depth = (kind: PagingKind) => ({ legacy: 2, pae: 3, long: 4 })[kind];
/** Levels whose entries carry rights: all but PAE's page-directory pointers. */
const levels = (kind: PagingKind) => ({ legacy: [1, 2], pae: [1, 2], long: [1, 2, 3, 4] })[kind];
const eachLevel = KINDS.flatMap((kind) => levels(kind).map((level) => [kind, level] as const));

describe('not present', () => {
  test.each(KINDS.flatMap((kind) => Array.from({ length: depth(kind) }, (_, i) => [kind, i + 1] as const)))(
    '%s, level %i',
    (kind, level) => {
      const cases: [Access, boolean, number][] = [
        ['read', false, 0],
        ['write', false, EW],
        ['modify', false, EW],
        ['fetch', false, 0],
        ['read', true, EU],
        ['write', true, EU | EW],
        ['fetch', true, EU],
      ];
      for (const [access, user, error] of cases) {
        bench.reset();
        const tables = prepare(kind, access, { user });
        // Everything but P may be set in an entry that is not present, reserved bits too.
        tables.setEntry(tables.entryAt(victim(kind), level), kind === 'legacy' ? 0xfffffffen : 0xfffffffffffffffen);
        const frame = bench.faults();
        expect(frame, `${access} ${user}`).toMatchObject({ vector: 14, error });
        expect(bench.get('cr2')).toBe(BigInt(victim(kind)));
      }
    },
  );
});

describe('rights', () => {
  test.each(eachLevel)('%s, level %i read-only', (kind, level) => {
    const run = (access: Access, options: EnterOptions) => {
      bench.reset();
      prepare(kind, access, options).change(victim(kind), level, 0n, W);
      return options;
    };
    run('write', { user: true });
    expect(bench.faults()).toMatchObject({ vector: 14, error: EP | EW | EU });
    run('modify', { user: true });
    expect(bench.faults()).toMatchObject({ vector: 14, error: EP | EW | EU });
    run('write', { cr0: CR0.WP });
    expect(bench.faults()).toMatchObject({ vector: 14, error: EP | EW });
    expect(bench.u32(FRAME)).toBe(0);
    run('write', {});
    bench.halts();
    expect(bench.u32(FRAME)).toBe(0x11223344);
    run('read', { user: true });
    expect(bench.faults()).toMatchObject({ vector: 13 });
  });

  test.each(eachLevel)('%s, level %i for the supervisor', (kind, level) => {
    const cases: [Access, number][] = [
      ['read', EP | EU],
      ['write', EP | EU | EW],
      ['fetch', EP | EU],
    ];
    for (const [access, error] of cases) {
      bench.reset();
      prepare(kind, access, { user: true }).change(victim(kind), level, 0n, U);
      expect(bench.faults(), access).toMatchObject({ vector: 14, error });
    }
    bench.reset();
    prepare(kind, 'write', { cr0: CR0.WP }).change(victim(kind), level, 0n, U);
    bench.halts();
  });

  test.each(eachLevel.filter(([kind]) => kind !== 'legacy'))('%s, level %i no-execute', (kind, level) => {
    for (const user of [false, true]) {
      bench.reset();
      prepare(kind, 'fetch', { user, efer: EFER.NXE }).change(victim(kind), level, NX);
      expect(bench.faults()).toMatchObject({ vector: 14, error: EP | EI | (user ? EU : 0), rip: BigInt(victim(kind)) });
      expect(bench.get('cr2')).toBe(BigInt(victim(kind)));
      bench.reset();
      prepare(kind, 'read', { efer: EFER.NXE }).change(victim(kind), level, NX);
      bench.halts();
    }
  });

  test.each(KINDS)('%s, SMEP', (kind) => {
    // The code itself must be the supervisor's.
    const spoil = (tables: PageTables, pages: number[]) => {
      for (const page of pages) tables.change(page, 1, 0n, U);
    };
    bench.reset();
    const tables = prepare(kind, 'fetch', { cr4: CR4.SMEP });
    spoil(tables, [AT.CODE, AT.HANDLERS]);
    expect(bench.faults()).toMatchObject({ vector: 14, error: EP | EI });
    bench.reset();
    const own = prepare(kind, 'fetch', { cr4: CR4.SMEP });
    spoil(own, [AT.CODE, AT.HANDLERS, victim(kind)]);
    bench.poke(FRAME, 0xf4, 1);
    expect(bench.halts()).toBe(victim(kind));
    // Users are not concerned.
    bench.reset();
    const users = prepare(kind, 'fetch', { user: true, cr4: CR4.SMEP });
    spoil(users, [AT.HANDLERS]);
    bench.poke(FRAME, 0x0b0f, 2);
    expect(bench.faults()).toMatchObject({ vector: 6, rip: BigInt(victim(kind)) });
  });

  test('a page fault of a fetch has the I bit only where NX or SMEP make it mean something', () => {
    prepare('long', 'fetch', { efer: EFER.NXE }).change(victim('long'), 1, 0n, P);
    expect(bench.faults()).toMatchObject({ error: EI });
    bench.reset();
    prepare('long', 'fetch').change(victim('long'), 1, 0n, P);
    expect(bench.faults()).toMatchObject({ error: 0 });
  });
});

describe('reserved bits', () => {
  const wide: [PagingKind, number, bigint, string][] = [
    ['long', 1, 1n << 40n, 'address beyond MAXPHYADDR'],
    ['long', 1, 1n << 51n, 'address bit 51'],
    ['long', 2, 1n << 45n, 'address of a table'],
    ['long', 3, 1n << 45n, 'address of a directory'],
    ['long', 4, 1n << 45n, 'address of a pointer table'],
    ['long', 4, PS, 'PS in the PML4'],
    ['long', 1, NX, 'NX without EFER.NXE'],
    ['long', 4, NX, 'NX without EFER.NXE'],
    ['pae', 1, 1n << 52n, 'bit 52'],
    ['pae', 1, 1n << 62n, 'bit 62'],
    ['pae', 2, 1n << 40n, 'address of a table'],
    ['pae', 2, NX, 'NX without EFER.NXE'],
  ];
  test.each(wide)('%s, level %i: %s (%s)', (kind, level, bits) => {
    for (const [access, user, error] of [
      ['read', false, EP | ERSVD],
      ['write', false, EP | ERSVD | EW],
      ['write', true, EP | ERSVD | EW | EU],
    ] as const) {
      bench.reset();
      const tables = prepare(kind, access, { user });
      tables.change(victim(kind), level, bits);
      expect(bench.faults()).toMatchObject({ vector: 14, error });
    }
  });

  const large: [PagingKind, number, bigint, string][] = [
    ['long', 2, 1n << 13n, '2 MiB page, bit 13'],
    ['long', 2, 1n << 20n, '2 MiB page, bit 20'],
    ['long', 3, 1n << 13n, '1 GiB page, bit 13'],
    ['long', 3, 1n << 29n, '1 GiB page, bit 29'],
    ['pae', 2, 1n << 13n, '2 MiB page, bit 13'],
    ['legacy', 2, 1n << 21n, '4 MiB page, bit 21'],
  ];
  test.each(large)('%s, level %i: %s (%s)', (kind, level, bits) => {
    const tables = prepare(kind, 'read', kind === 'legacy' ? { cr4: CR4.PSE } : {});
    tables.setEntry(tables.entryAt(victim(kind), level), P | W | U | PS | bits);
    expect(bench.faults()).toMatchObject({ vector: 14, error: EP | ERSVD });
  });

  test('bit 12 of a large page is PAT, bits 9 to 11 and 52 to 62 are free', () => {
    const tables = prepare('long', 'read');
    tables.setEntry(tables.entryAt(victim('long'), 2), ALL | PS | 0x1e00n | (0x7ffn << 52n));
    bench.halts();
  });

  test('a reserved bit counts before the rights', () => {
    prepare('long', 'write', { user: true }).change(victim('long'), 1, 1n << 45n, U | W);
    expect(bench.faults()).toMatchObject({ error: EP | ERSVD | EW | EU });
  });

  test('a table outside RAM reads as all ones', () => {
    const tables = prepare('long', 'read');
    tables.setEntry(tables.entryAt(victim('long'), 2), 0xd0000000n | ALL);
    expect(bench.faults()).toMatchObject({ vector: 14, error: EP | ERSVD });
    expect(bench.log).toEqual([]);
  });
});

describe('page sizes', () => {
  const sizes: [PagingKind, number, number, EnterOptions][] = [
    ['legacy', 1, 0x1000, {}],
    ['legacy', 2, 0x400000, { cr4: CR4.PSE }],
    ['pae', 1, 0x1000, {}],
    ['pae', 2, 0x200000, {}],
    ['long', 1, 0x1000, {}],
    ['long', 2, 0x200000, {}],
    ['long', 3, 0x40000000, {}],
  ];
  test.each(sizes)('%s, level %i, 0x%x bytes', (kind, level, size, options) => {
    const tables = bench.identity(kind);
    tables.map(0x80000000, 0, ALL, level);
    enter(kind, tables, options);
    const offset = Math.min(size - 0x1000, AT.FREE - (AT.FREE % 0x1000)) + 0x128;
    bench.poke(level === 1 ? 0x128 : offset, 0xcafe);
    const address = 0x80000000 + (level === 1 ? 0x128 : offset);
    bench.code(kind === 'long' ? 64 : 32, (asm) => asm.movi('b', address).loadAt('a', 'b').storeAt('b', 'b').hlt());
    bench.halts();
    expect(Number(bench.get('rax') & 0xffffffffn)).toBe(0xcafe);
    const entry = tables.entry(tables.entryAt(0x80000000, level));
    expect(entry & (A | D)).toBe(A | D);
    expect(bench.u32(level === 1 ? 0x128 : offset)).toBe(address);
  });

  test('without CR4.PSE the PS bit of 32-bit paging means nothing', () => {
    const tables = bench.identity('legacy');
    tables.map(0x80000000, AT.FREE, ALL);
    tables.change(0x80000000, 2, PS);
    bench.poke(AT.FREE, 0xbeef);
    bench.protected({ tables });
    bench.code(32, (asm) => asm.movi('b', 0x80000000).loadAt('a', 'b').hlt());
    bench.halts();
    expect(bench.get('rax')).toBe(0xbeefn);
  });

  test('PSE-36 pages lie above 4 GiB', () => {
    const tables = bench.identity('legacy');
    tables.setEntry(tables.entryAt(0x80000000, 2), ALL | PS | (1n << 13n));
    bench.protected({ tables, cr4: CR4.PSE });
    bench.code(32, (asm) => asm.movi('b', 0x80000010).loadAt('a', 'b').hlt());
    bench.halts();
    expect(bench.log).toEqual(['read 100000010 4']);
  });
});

describe('accessed and dirty bits', () => {
  test.each(KINDS)('%s: A by reads and fetches, D by writes, A in every level', (kind) => {
    const bits = (tables: PageTables) => tables.entry(tables.entryAt(victim(kind), 1)) & (A | D);
    for (const [access, wanted] of [
      ['read', A],
      ['write', A | D],
      ['modify', A | D],
    ] as const) {
      bench.reset();
      const tables = prepare(kind, access);
      bench.halts();
      expect(bits(tables), access).toBe(wanted);
      for (const level of levels(kind)) expect(tables.entry(tables.entryAt(victim(kind), level)) & A).toBe(A);
      // Only a leaf is dirty; PAE's pointers are neither.
      if (kind !== 'legacy') expect(tables.entry(tables.entryAt(victim(kind), 2)) & D).toBe(0n);
      if (kind === 'pae') expect(tables.entry(tables.entryAt(victim(kind), 3)) & (A | D)).toBe(0n);
    }
    bench.reset();
    const fetched = prepare(kind, 'fetch');
    bench.poke(FRAME, 0xf4, 1);
    bench.halts();
    expect(bits(fetched)).toBe(A);
  });

  test.each(KINDS)('%s: a read, then a write through the same translation sets D', (kind) => {
    const tables = bench.identity(kind);
    tables.map(victim(kind), FRAME);
    enter(kind, tables, {});
    bench.code(kind === 'long' ? 64 : 32, (asm) =>
      asm.movi('b', victim(kind)).loadAt('a', 'b').storeAt('b', 'a').hlt(),
    );
    bench.halts();
    expect(tables.entry(tables.entryAt(victim(kind), 1)) & (A | D)).toBe(A | D);
  });

  test.each(KINDS)('%s: a write that faults leaves D clear', (kind) => {
    const tables = prepare(kind, 'write', { user: true });
    tables.change(victim(kind), 1, 0n, W);
    bench.faults();
    expect(tables.entry(tables.entryAt(victim(kind), 1)) & D).toBe(0n);
  });
});

describe('crossing a page', () => {
  const secondOf = (kind: PagingKind) => victim(kind) + 0x1000;

  function crossing(kind: PagingKind, access: Access, spoil: (tables: PageTables) => void, options: EnterOptions = {}) {
    const tables = prepare(kind, access, options, secondOf(kind) - 2);
    tables.map(secondOf(kind), FRAME + 0x1000);
    bench.poke(FRAME + 0xffc, 0xa1a2a3a4);
    bench.poke(FRAME + 0x1000, 0xb1b2b3b4);
    spoil(tables);
    return tables;
  }

  test.each(KINDS)('%s: CR2 is the first byte of the page that faulted, and nothing is written', (kind) => {
    for (const access of ['read', 'write', 'modify'] as const) {
      const write = access === 'read' ? 0 : EW;
      bench.reset();
      crossing(kind, access, (tables) => tables.change(secondOf(kind), 1, 0n, P));
      expect(bench.faults()).toMatchObject({ vector: 14, error: write });
      expect(bench.get('cr2')).toBe(BigInt(secondOf(kind)));
      expect(bench.u32(FRAME + 0xffc)).toBe(0xa1a2a3a4);
      bench.reset();
      crossing(kind, access, (tables) => tables.change(victim(kind), 1, 0n, P));
      expect(bench.faults()).toMatchObject({ vector: 14, error: write });
      expect(bench.get('cr2')).toBe(BigInt(secondOf(kind) - 2));
      expect(bench.u32(FRAME + 0x1000)).toBe(0xb1b2b3b4);
    }
  });

  test.each(KINDS)('%s: a read-only second page takes the write back', (kind) => {
    crossing(kind, 'modify', (tables) => tables.change(secondOf(kind), 1, 0n, W), { cr0: CR0.WP });
    const before = bench.flags;
    const frame = bench.faults();
    expect(frame).toMatchObject({ vector: 14, error: EP | EW });
    expect(frame.flags & 0x8d5).toBe(before & 0x8d5);
    expect(bench.u32(FRAME + 0xffc)).toBe(0xa1a2a3a4);
  });

  test.each(KINDS)('%s: both pages are written where they lie', (kind) => {
    crossing(kind, 'write', (tables) => tables.map(secondOf(kind), FRAME + 0x5000));
    bench.halts();
    expect(bench.u16(FRAME + 0xffe)).toBe(0x3344);
    expect(bench.u32(FRAME + 0x5000) & 0xffff).toBe(0x1122);
    expect(bench.u32(FRAME + 0x1000)).toBe(0xb1b2b3b4);
  });

  test.each(WIDE)('%s: an instruction whose second page is missing faults there', (kind) => {
    const tables = bench.identity(kind);
    tables.map(victim(kind), FRAME);
    enter(kind, tables, {});
    // mov eax, imm32 from 2 bytes before the page's end.
    bench.memory.write(FRAME + 0xffe, Uint8Array.of(0xb8, 0x44));
    bench.code(kind === 'long' ? 64 : 32, (asm) => asm.movi('b', secondOf(kind) - 2).bytes(0xff, 0xe3));
    expect(bench.faults()).toMatchObject({ vector: 14, error: 0, rip: BigInt(secondOf(kind) - 2) });
    expect(bench.get('cr2')).toBe(BigInt(secondOf(kind)));
    // Mapped and returned to, it runs.
    tables.map(secondOf(kind), FRAME + 0x3000);
    bench.memory.write(FRAME + 0x3000, Uint8Array.of(0x33, 0x22, 0x11, 0xf4));
    bench.resume(secondOf(kind) - 2);
    bench.halts();
    expect(bench.get('rax') & 0xffffffffn).toBe(0x11223344n);
  });
});

describe('the stack', () => {
  test('PUSH and CALL that fault leave RSP', () => {
    for (const bytes of [[0x50], [0xe8, 0, 0, 0, 0], [0xff, 0xd0], [0x6a, 1], [0x9c], [0xc8, 0x10, 0, 0]]) {
      bench.reset();
      const tables = bench.identity('long');
      tables.map(victim('long'), FRAME);
      tables.change(victim('long'), 1, 0n, W);
      bench.long({ tables, cr0: CR0.WP });
      bench.gate64(14, { low: 1 });
      bench.code(64, (asm) => asm.movi('sp', victim('long') + 0x800).bytes(...bytes));
      expect(bench.faults(), bytes.join()).toMatchObject({
        vector: 14,
        error: EP | EW,
        rsp: BigInt(victim('long') + 0x800),
      });
      expect(bench.get('cr2')).toBe(BigInt(victim('long') + 0x7f8));
    }
  });

  test('the interrupt frame is pushed with the handler’s rights', () => {
    const tables = bench.identity('long');
    tables.change(AT.INNER_STACK - 8, 1, 0n, U);
    bench.long({ tables, user: true });
    bench.code(64, (asm) => asm.ud2(), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 6, cs: 0x2b, ss: 0x23, rsp: BigInt(AT.USER_STACK) });
  });
});

describe('other addresses', () => {
  test('descriptor tables are read as the supervisor', () => {
    const tables = bench.identity('long');
    for (const page of [AT.GDT, AT.IDT, AT.TSS, AT.INNER_STACK - 8]) tables.change(page, 1, 0n, U);
    bench.long({ tables, user: true });
    bench.code(64, (asm) => asm.movi('a', 0x23).movToSeg('ds', 'a').ud2(), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 6 });
  });

  test('a missing GDT page faults as a supervisor’s read', () => {
    const tables = bench.identity('long');
    tables.map(victim('long'), FRAME);
    tables.change(victim('long'), 1, 0n, P);
    bench.long({ tables, user: true });
    // The LDT lies in the missing page.
    bench.vcpu.registers.setSegment('ldtr', {
      selector: 0x58,
      base: BigInt(victim('long')),
      limit: 0xff,
      attributes: 0x82,
    });
    bench.code(64, (asm) => asm.movi('a', 0x0f).movToSeg('ds', 'a'), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 14, error: 0 });
    expect(bench.get('cr2')).toBe(BigInt(victim('long') + 8));
  });

  test.each([
    ['read of a non-canonical address', (asm: Assembler) => asm.movi('b', 0x800000000000n).loadAt('a', 'b'), 13],
    ['write across the canonical border', (asm: Assembler) => asm.movi('b', 0x7ffffffffffcn).storeAt('b', 'a'), 13],
    ['push to a non-canonical address', (asm: Assembler) => asm.movi('sp', 0x800000000008n).bytes(0x50), 12],
    ['RBP as base', (asm: Assembler) => asm.movi('bp', 0x800000000000n).bytes(0x48, 0x8b, 0x45, 0x00), 12],
  ])('%s', (_name, build, vector) => {
    bench.long();
    bench.gate64(12, { low: 1 });
    bench.gate64(13, { low: 1 });
    bench.code(64, build);
    expect(bench.faults()).toMatchObject({ vector, error: 0 });
    expect(bench.get('cr2')).toBe(0n);
  });

  test('G and PAT bits do not disturb', () => {
    prepare('long', 'read', { cr4: CR4.PGE }).change(victim('long'), 1, G | PS);
    bench.halts();
  });
});
