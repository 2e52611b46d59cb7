import { VM } from '@vizor/machine';
import { Command, Option } from 'commander';
import { ChecksumWatch } from '../checksum-watch.ts';
import { judge } from '../exit-status.ts';
import { cacheFolder, ImageCache } from '../images/cache.ts';
import { resolveGuest } from '../images/guest.ts';
import {
  parseAccelerator,
  parseCpus,
  parseJit,
  parseMemory,
  parseSerial,
  parseTimeout,
  type RunOptions,
} from '../options/run.ts';
import { Reporter } from '../reporter.ts';
import { type RunIo, runMachine } from '../run-machine.ts';
import { openSerialSink } from '../serial-sink.ts';
import { reportRun, summarize } from '../summary.ts';

const DEFAULT_MEMORY = '512M';

const EXIT_STATUS_HELP = `
Without IMAGE and --kernel, Debian's cloud kernel boots with busybox: to a shell on
a terminal, else to a short self-portrait and power-off. With COMMAND, that runs in the guest.

Exit status:
  0            the guest powered off or was reset, or Ctrl-A x ended it
  COMMAND's    with a COMMAND
  (v << 1) | 1 the guest wrote v to the debug-exit port
  124          --timeout ran out
  125          Vizor itself failed, with a line that says why
  126          the guest failed: triple fault, kernel panic, halted for good, wrong checksum

On a terminal, Ctrl-A x ends the machine and Ctrl-A h lists the keys.`;

/** Boot a guest and see it through; the command's exit status. */
async function run(image: string | undefined, command: string[], options: RunOptions): Promise<number> {
  const reporter = new Reporter(process.stderr, options.quiet);
  const { stdin, stdout } = process;
  const onStdio = options.serial.kind === 'stdio';
  const shell = onStdio && stdin.isTTY;
  const wish = { ...options, image, command, shell, pipe: !(shell && stdout.isTTY) };
  const guest = await resolveGuest(wish, new ImageCache(cacheFolder()), reporter);
  await using sink = await openSerialSink(options.serial, stdout);
  reporter.say(`booting ${guest.label}${shell ? ' (Ctrl-A x ends it, Ctrl-A h helps)' : ''}`);

  await using vm = await VM.create({
    memory: options.memory,
    cpus: options.cpus,
    kernel: guest.kernel,
    ...(guest.initramfs === undefined ? {} : { initramfs: guest.initramfs }),
    cmdline: guest.cmdline,
    accel: options.accel,
    jit: options.jit,
    detach: true,
    debug: (bytes) => process.stderr.write(bytes),
  });
  const watch = guest.checksum === undefined ? undefined : new ChecksumWatch(guest.checksum);
  const io: RunIo = { sink, reporter, ...(onStdio ? { input: stdin } : {}), ...(watch ? { watch } : {}) };
  const { result, cause } = await runMachine(vm, options, io);

  const { status, message } = judge(result, cause, watch?.seen);
  const readerIsGone = cause?.kind === 'no-reader';
  if (!sink.atLineStart && !readerIsGone) await sink.write(Buffer.from('\n'));
  if (message !== undefined) reporter.warn(message);
  reporter.say(summarize(result));
  if (options.json && !readerIsGone) {
    stdout.write(`${JSON.stringify(reportRun(result, status, guest.label))}\n`);
  }
  return status;
}

/** `vizor run`. `command` is what followed `--`; the exit status goes to `finish`. */
export function runCommand(command: string[], finish: (status: number) => void): Command {
  return new Command('run')
    .summary('boot a guest')
    .usage('[options] [IMAGE] [-- COMMAND…]')
    .description('Boot a guest, its first serial port on this terminal.')
    .argument('[image]', 'a guest that `vizor images` lists (default: cloud)')
    .option('--accel <name>', 'engine: auto or wasm', parseAccelerator, 'auto')
    .option('--jit <when>', 'compile hot guest code: on, off or stress', parseJit, 'on')
    .option('--cpus <n>', 'number of CPUs, only 1 for now', parseCpus, 1)
    .addOption(
      new Option('-m, --memory <size>', 'guest memory, like 1G')
        .argParser(parseMemory)
        .default(parseMemory(DEFAULT_MEMORY), DEFAULT_MEMORY),
    )
    .option('-k, --kernel <file>', 'kernel to boot: bzImage, or ELF with PVH')
    .option('-i, --initramfs <file>', 'initramfs to give it, or none')
    .option('-a, --cmdline <text>', 'kernel command line, instead of the default one')
    .addOption(
      new Option('--serial <where>', 'stdio, file=PATH or null')
        .argParser(parseSerial)
        .default(parseSerial('stdio'), 'stdio'),
    )
    .option('--timeout <seconds>', 'end the guest after so many seconds', parseTimeout)
    .option('--json', 'print one object about the run on stdout at the end')
    .option('--quiet', 'no messages but errors')
    .addHelpText('after', EXIT_STATUS_HELP)
    .action(async (image: string | undefined, options: RunOptions) => {
      finish(await run(image, command, options));
    });
}
