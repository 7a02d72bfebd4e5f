import { joinProviderUsage, readProviderUsage, type UpstreamUsage, type VerifierOptions } from '@weir/ledger';
import { type CommandContext, CommandFailure, UsageError } from '../command.ts';

/** A file with a page of what the provider of an upstream says that it counted. */
export interface AskedUsage {
  readonly upstream: string;
  readonly file: string;
}

/** `<upstream>=<file>`. @throws UsageError */
export const readAskedUsage = (text: string): AskedUsage => {
  const [, upstream, file] = /^([A-Za-z0-9_-]+)=(.+)$/s.exec(text) ?? [];
  if (upstream !== undefined && file !== undefined) return { upstream, file };
  throw new UsageError(`--provider-usage ${text}: expected <upstream>=<file>`);
};

const parse = (text: string, file: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandFailure(`${file}: ${error instanceof Error ? error.message : error}`);
  }
};

const readPage = async (
  { upstream, file }: AskedUsage,
  context: Pick<CommandContext, 'readFile'>,
): Promise<UpstreamUsage> => {
  const read = readProviderUsage(parse(await context.readFile(file), file));
  if (read.outcome === 'read') return { upstream, usage: read.usage };
  throw new CommandFailure(`${file}: ${read.problem}`);
};

/** What providers counted, of all files; undefined when there is none. @throws CommandFailure for a file that is wrong */
export const readProviders = async (
  files: readonly AskedUsage[],
  context: Pick<CommandContext, 'readFile'>,
): Promise<VerifierOptions['providers']> => {
  if (files.length === 0) return undefined;
  const joined = joinProviderUsage(await Promise.all(files.map((file) => readPage(file, context))));
  if (joined.outcome === 'joined') return joined;
  throw new CommandFailure(`--provider-usage: ${joined.problem}`);
};
