import { readFileSync } from 'node:fs';
import { VizorError } from '@vizor/core';
import { Command, CommanderError } from 'commander';
import { doctorCommand } from './commands/doctor.ts';
import { imagesCommand } from './commands/images.ts';
import { runCommand } from './commands/run.ts';
import { STATUS } from './exit-status.ts';
import { describeFailure, errorCode } from './files.ts';

function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}

/** The command with all its verbs, none of which ends the process or prints errors by itself. */
function buildProgram(command: string[], finish: (status: number) => void): Command {
  const program = new Command('vizor')
    .description('Virtual machines in TypeScript and WebAssembly.')
    .version(version());
  for (const verb of [runCommand(command, finish), imagesCommand(finish), doctorCommand(finish)])
    program.addCommand(verb);
  const settle = (verb: Command): void => {
    verb.exitOverride().configureOutput({ writeErr() {}, outputError() {} });
    for (const inner of verb.commands) settle(inner);
  };
  settle(program);
  return program;
}

/** An error as the one line that the user gets; our own bugs keep their stack, for the report. */
function explain(error: unknown): string {
  if (error instanceof VizorError) return error.message;
  if (error instanceof CommanderError) {
    const problem = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return error.code === 'commander.help' ? 'what should it do? (see vizor --help)' : `${problem} (see vizor --help)`;
  }
  if (errorCode(error) !== undefined) return describeFailure(error);
  return `internal error: ${error instanceof Error ? error.stack : String(error)}`;
}

/** Run the command; its exit status. Whatever goes wrong is one line on stderr. */
export async function runCli(argv: string[]): Promise<number> {
  const split = argv[0] === 'run' ? argv.indexOf('--') : -1;
  const own = split < 0 ? argv : argv.slice(0, split);
  const command = split < 0 ? [] : argv.slice(split + 1);
  let status: number = STATUS.OK;
  try {
    const program = buildProgram(command, (result) => {
      status = result;
    });
    await program.parseAsync(own, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return STATUS.OK;
    process.stderr.write(`vizor: ${explain(error).replaceAll('\r', '')}\n`);
    return STATUS.VIZOR_FAILED;
  }
}
