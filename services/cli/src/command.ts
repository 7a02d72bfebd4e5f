import type { NatsBus } from '@weir/messaging';
import type { Env } from '@weir/runtime';
import type { AdminClient } from './admin-client.ts';

/** What the process gives a command line. */
export interface CommandIo {
  readonly env: Env;
  /** Where the person is; relative names of files are meant from here. */
  readonly folder: string;
  /** Standard output: the result, and nothing else. */
  readonly out: (text: string) => Promise<void>;
  /** Standard error. */
  readonly note: (text: string) => Promise<void>;
  /** Standard input, to its end. */
  readonly readInput: () => Promise<string>;
}

/** What a command works with. */
export interface CommandContext extends CommandIo {
  /** `url`: another replica than WEIR_ADMIN_URL. @throws CommandFailure when there is no token to call it with. */
  readonly admin: (url?: string) => AdminClient;
  /** Connects on the first call, and is closed when the command has ended. @throws CommandFailure */
  readonly bus: () => Promise<NatsBus>;
  /** A file, or standard input for `-`. @throws CommandFailure */
  readonly readFile: (file: string) => Promise<string>;
}

/** A command of the command line. */
export interface Command {
  /** One word. */
  readonly name: string;
  /** Half a line for the list of commands. */
  readonly summary: string;
  /** All that `--help` prints. */
  readonly help: string;
  /** Gets what stands behind its name; returns the exit code. */
  readonly run: (args: readonly string[], context: CommandContext) => Promise<number>;
}

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** The command line is wrong. The message says what, and what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for could not be done. The message is for people. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}
