import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { closestName } from '@weir/contracts';
import { connectNatsBus, type NatsBus, withDeadline } from '@weir/messaging';
import { createAdminClient } from './admin-client.ts';
import { type CommandContext, CommandFailure, type CommandIo, exitCodes, UsageError } from './command.ts';
import { commandTable } from './command-table.ts';
import { type CliSettings, readCliSettings } from './settings.ts';

const connectTimeoutMs = 5_000;
const closeTimeoutMs = 1_000;

const overview = (): string => {
  const width = Math.max(...commandTable.map(({ name }) => name.length));
  const lines = commandTable.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `weir <command> …, weir <command> --help

${lines.join('\n')}

WEIR_ADMIN_URL, WEIR_ADMIN_TOKEN and NATS_URL say where the mesh is. Without them it is the one
that npm start runs from this checkout. Exit codes: 0 done, 1 failed, 2 wrong usage.
`;
};

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

const connect = async ({ natsUrl, natsUser, natsPassword }: CliSettings): Promise<NatsBus> => {
  const connecting = connectNatsBus({
    servers: natsUrl.split(','),
    name: 'weir-cli',
    ...(natsUser === undefined ? {} : { user: natsUser, password: natsPassword ?? '' }),
    onError: () => undefined,
    onClosed: () => undefined,
  });
  try {
    // What stands before the host may be a password.
    const hosts = natsUrl.replace(/[^/@,]*@/g, '');
    return await withDeadline(connecting, connectTimeoutMs, `connecting to ${hosts}`);
  } catch (error) {
    throw new CommandFailure(`${error instanceof Error ? error.message : error}; set NATS_URL`);
  }
};

const createContext = (io: CommandIo): CommandContext & { readonly close: () => Promise<void> } => {
  const settings = readCliSettings(io.env, readText);
  let bus: Promise<NatsBus> | undefined;
  return {
    ...io,
    admin: (url = settings.adminUrl) => {
      const { adminToken: token } = settings;
      if (token !== undefined) return createAdminClient({ url, token });
      throw new CommandFailure(
        'there is no admin token: set WEIR_ADMIN_TOKEN, or run npm start, which draws one',
      );
    },
    bus: () => {
      bus ??= connect(settings);
      return bus;
    },
    readFile: async (file) => {
      if (file === '-') return io.readInput();
      return readFile(resolve(io.folder, file), 'utf8').catch((error: unknown) => {
        throw new CommandFailure(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
      });
    },
    close: async () => {
      const connected = await bus?.catch(() => undefined);
      await connected?.close(closeTimeoutMs);
    },
  };
};

const isHelp = (word: string | undefined): boolean => word === 'help' || word === '--help' || word === '-h';

const report = async (error: unknown, io: CommandIo): Promise<number> => {
  if (error instanceof UsageError) {
    await io.note(`weir: ${error.message}\n`);
    return exitCodes.usage;
  }
  const text = error instanceof CommandFailure ? error.message : error instanceof Error ? error.stack : error;
  await io.note(`weir: ${String(text)}\n`);
  return exitCodes.failed;
};

/** Runs one command line; returns the exit code. Never rejects. */
export const runCommandLine = async (args: readonly string[], io: CommandIo): Promise<number> => {
  const [word, ...rest] = args;
  const name = isHelp(word) ? rest[0] : word;
  const command = commandTable.find((one) => one.name === name);
  if (name === undefined) {
    await io.out(overview());
    return word === undefined ? exitCodes.usage : exitCodes.done;
  }
  if (!command) {
    const near = closestName(
      name,
      commandTable.map((one) => one.name),
    );
    const hint = near === undefined ? 'weir help lists all commands' : `did you mean ${near}?`;
    return report(new UsageError(`there is no command ${name}; ${hint}`), io);
  }
  if (isHelp(word) || rest.some((argument) => argument === '--help' || argument === '-h')) {
    await io.out(`${command.help}\n`);
    return exitCodes.done;
  }
  const context = createContext(io);
  try {
    return await command.run(rest, context);
  } catch (error) {
    return await report(error, io);
  } finally {
    await context.close();
  }
};
