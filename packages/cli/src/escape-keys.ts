// The keys of Vizor's own on a terminal that otherwise belongs to the guest, after QEMU's example.

const CTRL_A = 0x01;

/** What a key combination asks of Vizor. */
export type EscapeAction = 'end' | 'help';

export const ESCAPE_HELP = [
  'Ctrl-A x       end the machine',
  'Ctrl-A h       this list',
  'Ctrl-A Ctrl-A  send Ctrl-A to the guest (Ctrl-A a does too)',
];

/** Splits what a user types into what the guest gets and what Vizor is asked to do. Ctrl-A may come in a chunk of its own. */
export class EscapeKeys {
  #escaped = false;

  /** Every byte goes to the guest or is part of an action; Ctrl-A before any other key reaches the guest with it. */
  feed(typed: Uint8Array): { forGuest: Uint8Array; actions: EscapeAction[] } {
    const forGuest: number[] = [];
    const actions: EscapeAction[] = [];
    for (const byte of typed) {
      if (!this.#escaped) {
        if (byte === CTRL_A) this.#escaped = true;
        else forGuest.push(byte);
        continue;
      }
      this.#escaped = false;
      const key = String.fromCharCode(byte).toLowerCase();
      if (key === 'x') actions.push('end');
      else if (key === 'h' || key === '?') actions.push('help');
      else if (byte === CTRL_A || key === 'a') forGuest.push(CTRL_A);
      else forGuest.push(CTRL_A, byte);
    }
    return { forGuest: Uint8Array.from(forGuest), actions };
  }
}
