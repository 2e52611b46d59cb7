// A client of the GDB remote serial protocol, as far as QEMU's gdbstub needs it: read and write registers and memory, execute
// single instructions (GDB manual, appendix E).

import { connect, type Socket } from 'node:net';

/** Registers by name, as the target describes them. */
export type GdbRegisters = ReadonlyMap<string, bigint>;

interface Field {
  name: string;
  bytes: number;
}

export class GdbClient {
  readonly #socket: Socket;
  #buffer = '';
  #waiting: ((packet: string) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;
  #fields: Field[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => this.#receive(data));
    const end = () => this.#failed?.(new Error('the gdbstub went away'));
    socket.on('close', end);
    socket.on('error', end);
  }

  /** Connect to a Unix socket, and ask what registers there are. */
  static async connect(path: string): Promise<GdbClient> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const client = new GdbClient(socket);
    await client.#describe();
    return client;
  }

  close(): void {
    this.#failed = undefined;
    this.#socket.destroy();
  }

  /** All registers whose size the description gives and that the reply to `g` holds. */
  async registers(): Promise<GdbRegisters> {
    const reply = await this.#ask('g');
    const registers = new Map<string, bigint>();
    let at = 0;
    for (const { name, bytes } of this.#fields) {
      const text = reply.slice(at, at + bytes * 2);
      if (text.length < bytes * 2) break;
      at += bytes * 2;
      registers.set(name, text.includes('x') ? 0n : littleEndian(text));
    }
    return registers;
  }

  async setRegister(name: string, value: bigint): Promise<void> {
    const number = this.#fields.findIndex((field) => field.name === name);
    const field = this.#fields[number];
    if (field === undefined) throw new Error(`the target has no register ${name}`);
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    const reply = await this.#ask(`P${number.toString(16)}=${bytes.subarray(0, field.bytes).toString('hex')}`);
    if (reply !== 'OK') throw new Error(`cannot write ${name}: ${reply}`);
  }

  async write(address: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += 0x400) {
      const part = Buffer.from(bytes.subarray(at, at + 0x400));
      const reply = await this.#ask(
        `M${(address + at).toString(16)},${part.length.toString(16)}:${part.toString('hex')}`,
      );
      if (reply !== 'OK') throw new Error(`cannot write memory at 0x${(address + at).toString(16)}: ${reply}`);
    }
  }

  /** Execute one instruction. */
  async step(): Promise<void> {
    const reply = await this.#ask('s');
    if (!reply.startsWith('T') && !reply.startsWith('S')) throw new Error(`stepping: ${reply}`);
  }

  /** Run until the instruction at `address` (16 hexadecimal digits at most) is next. */
  async runTo(address: bigint): Promise<void> {
    const place = `0,${address.toString(16)},1`;
    if ((await this.#ask(`Z${place}`)) !== 'OK') throw new Error('the target takes no breakpoint');
    const reply = await this.#ask('c');
    if (!reply.startsWith('T') && !reply.startsWith('S')) throw new Error(`running: ${reply}`);
    await this.#ask(`z${place}`);
  }

  /** The target description's registers, in the order of their numbers. */
  async #describe(): Promise<void> {
    await this.#ask('qSupported:xmlRegisters=i386');
    const target = await this.#document('target.xml');
    const parts = [...target.matchAll(/<xi:include\s+href="([^"]+)"/g)].map((match) => match[1]!);
    const documents = parts.length === 0 ? [target] : await this.#documents(parts);
    for (const document of documents) {
      for (const [tag] of document.replace(/<!--[\s\S]*?-->/g, '').matchAll(/<reg\s[^>]*>/g)) {
        this.#fields.push({ name: attribute(tag, 'name'), bytes: Number(attribute(tag, 'bitsize')) / 8 });
      }
    }
  }

  async #documents(names: readonly string[]): Promise<string[]> {
    const documents: string[] = [];
    for (const name of names) documents.push(await this.#document(name));
    return documents;
  }

  async #document(name: string): Promise<string> {
    let text = '';
    for (;;) {
      const reply = await this.#ask(`qXfer:features:read:${name}:${text.length.toString(16)},800`);
      if (reply[0] !== 'l' && reply[0] !== 'm') throw new Error(`no ${name}: ${reply}`);
      text += reply.slice(1);
      if (reply[0] === 'l') return text;
    }
  }

  #ask(packet: string): Promise<string> {
    let sum = 0;
    for (let i = 0; i < packet.length; i++) sum += packet.charCodeAt(i);
    this.#socket.write(`$${packet}#${(sum & 0xff).toString(16).padStart(2, '0')}`);
    return new Promise((resolve, reject) => {
      this.#waiting = resolve;
      this.#failed = reject;
    });
  }

  #receive(data: string): void {
    this.#buffer += data;
    for (;;) {
      const start = this.#buffer.indexOf('$');
      if (start < 0) {
        this.#buffer = '';
        return;
      }
      const end = this.#buffer.indexOf('#', start);
      if (end < 0 || this.#buffer.length < end + 3) return;
      const packet = withoutEscapes(this.#buffer.slice(start + 1, end));
      this.#buffer = this.#buffer.slice(end + 3);
      this.#socket.write('+');
      const waiting = this.#waiting;
      this.#waiting = undefined;
      this.#failed = undefined;
      waiting?.(packet);
    }
  }
}

/** `}` escapes a byte that is XORed with 0x20. */
function withoutEscapes(packet: string): string {
  return packet.replace(/\}([\s\S])/g, (_, byte: string) => String.fromCharCode(byte.charCodeAt(0) ^ 0x20));
}

function littleEndian(hex: string): bigint {
  const bytes = hex.match(/../g)!.reverse().join('');
  return BigInt(`0x${bytes}`);
}

function attribute(tag: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
}
