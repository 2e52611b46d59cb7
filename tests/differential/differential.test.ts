import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FORMS, type Form } from '../../packages/cpu/src/opcodes/index.ts';
import { reasonHostCannot } from './host.ts';
import { Duel, nameOf } from './runner.ts';
import { SEQUENCE } from './sequence.ts';
import { reasonUntested, UNTESTED } from './untested.ts';

/** States a form: VIZOR_STATES for more than what every run of the tests can afford. */
const STATES = Number(process.env.VIZOR_STATES ?? 320);
/** One form, and one of its states: what a failure's report tells to set. */
const ONLY_FORM = process.env.VIZOR_FORM;
const ONLY_STATE = process.env.VIZOR_STATE === undefined ? undefined : Number(process.env.VIZOR_STATE);
/** Times as many sequences as states of a form. */
const SEQUENCE_FACTOR = 60;
const TIMEOUT = 1000 + STATES * 5;

const reason = reasonHostCannot();
const suite =
  reason === undefined ? 'our processor against that of the host' : `our processor against that of the host: ${reason}`;
const forms = FORMS.filter((form) => ONLY_FORM === undefined || nameOf(form) === ONLY_FORM);
const groups = Map.groupBy(forms, (form) => form.group);

describe.skipIf(reason !== undefined)(suite, () => {
  let duel: Duel;
  const states = new Map<Form, number>();

  beforeAll(() => {
    duel = new Duel();
  });

  afterAll(() => {
    duel.dispose();
  });

  for (const [group, members] of groups) {
    describe(group, () => {
      for (const form of members) {
        if (reasonUntested(form) !== undefined) continue;
        test(
          nameOf(form),
          () => {
            const outcome = duel.run(form, STATES, ONLY_STATE);
            states.set(form, outcome.states);
            if (outcome.failures.length > 0) expect.fail(`\n${outcome.failures.join('\n')}`);
            // A form that only faults has not been tested.
            if (ONLY_STATE === undefined) expect(outcome.completed).toBeGreaterThan(outcome.states / 20);
          },
          TIMEOUT,
        );
      }
    });
  }

  test.skipIf(ONLY_FORM !== undefined && ONLY_FORM !== nameOf(SEQUENCE))(
    'sequences of instructions that pass flags on',
    () => {
      const outcome = duel.run(SEQUENCE, STATES * SEQUENCE_FACTOR, ONLY_STATE);
      if (outcome.failures.length > 0) expect.fail(`\n${outcome.failures.join('\n')}`);
    },
    TIMEOUT * SEQUENCE_FACTOR,
  );

  test.skipIf(ONLY_FORM !== undefined)('every form was run or is listed as untested', () => {
    const missing = FORMS.filter((form) => !states.has(form) && reasonUntested(form) === undefined);
    expect(missing.map(nameOf)).toEqual([]);
    const idle = UNTESTED.filter(({ mnemonics }) => !FORMS.some((form) => mnemonics.test(form.mnemonic)));
    expect(idle).toEqual([]);
    const total = [...states.values()].reduce((sum, count) => sum + count, 0);
    process.stderr.write(`${coverage(states.size, total)}\n`);
  });
});

/** What was run and what not, for who reads the tests' output. */
function coverage(tested: number, states: number): string {
  const untested = UNTESTED.map(({ mnemonics, reason: why }) => {
    const names = new Set(FORMS.filter((form) => mnemonics.test(form.mnemonic)).map((form) => form.mnemonic));
    return `  ${[...names].join(' ')}: ${why}`;
  });
  return [
    `${tested} of ${FORMS.length} forms on ${states} states against the host's processor; not:`,
    ...untested,
  ].join('\n');
}
