import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mailbox } from '../src/mailbox.ts';

const RING = 0x10000;

describe('mailbox', () => {
  it('carries input in order through a full and wrapping ring, losing none', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ post: fc.integer({ min: 0, max: RING }) }),
        fc.record({ take: fc.integer({ min: 0, max: RING }) }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const sender = new Mailbox();
        const receiver = new Mailbox(sender.buffer);
        let sent = 0;
        let received = 0;
        for (const step of list) {
          if ('post' in step) sent += sender.post(Uint8Array.from({ length: step.post }, (_, i) => (sent + i) % 251));
          else {
            for (const byte of receiver.takeInput(step.take)) expect(byte).toBe(received++ % 251);
          }
          expect(sent - received).toBeLessThanOrEqual(RING);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('takes no more than fits', () => {
    const mailbox = new Mailbox();
    expect(mailbox.post(new Uint8Array(RING + 5))).toBe(RING);
    expect(mailbox.post(new Uint8Array(1))).toBe(0);
    expect(mailbox.takeInput(3)).toHaveLength(3);
    expect(mailbox.post(new Uint8Array(9))).toBe(3);
  });

  it('raises attention once for each time', () => {
    const mailbox = new Mailbox();
    expect(mailbox.takeAttention()).toBe(false);
    mailbox.stop();
    expect([mailbox.takeAttention(), mailbox.takeAttention(), mailbox.stopRequested]).toEqual([true, false, true]);
  });

  it('counts what is unread', () => {
    const mailbox = new Mailbox();
    mailbox.sent(10);
    mailbox.consumed(4);
    expect(new Mailbox(mailbox.buffer).unread).toBe(6);
  });
});
