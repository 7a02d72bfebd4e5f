import { replicasOf } from '@weir/runtime';
import { flagOption, listOption, readArguments, textOption } from '../arguments.ts';
import { type Command, type CommandContext, CommandFailure, exitCodes, UsageError } from '../command.ts';
import { type LedgerAccess, type LedgerAnswer, openLedgerAccess } from './ledger-access.ts';
import { readAskedUsage, readProviders } from './ledger-provider-usage.ts';
import { rebuildLedger } from './ledger-rebuild.ts';
import { readAskedSink, readSinks } from './ledger-sinks.ts';
import { verifyLedger } from './ledger-verify.ts';

/** Apart from `failed`: nothing was found out. */
const unreadable = 3;

/** Metering writes an account for an attempt that has none two minutes after its deadline. */
const defaultGraceMs = 180_000;

type Action = (
  args: readonly string[],
) => (access: LedgerAccess, context: CommandContext) => Promise<LedgerAnswer>;

const readGrace = (text: string | undefined): number => {
  const graceMs = text === undefined ? defaultGraceMs : Number(text);
  if (Number.isSafeInteger(graceMs) && graceMs >= 0) return graceMs;
  throw new UsageError(`--grace-ms: expected a whole number of milliseconds, not ${text}`);
};

const verifyOptions = {
  json: flagOption,
  'grace-ms': textOption,
  'since-checkpoint': flagOption,
  sink: listOption,
  'provider-usage': listOption,
};

const verify: Action = (args) => {
  const read = readArguments(args, verifyOptions, 0);
  const request = {
    json: read.flag('json'),
    graceMs: readGrace(read.text('grace-ms')),
    sinceCheckpoint: read.flag('since-checkpoint'),
  };
  const asked = read.all('sink').map(readAskedSink);
  const files = read.all('provider-usage').map(readAskedUsage);
  return async (access, context) => {
    const providers = await readProviders(files, context);
    const sinks = request.sinceCheckpoint ? [] : await readSinks(asked, context);
    return verifyLedger(access, { ...request, sinks, providers });
  };
};

const rebuild: Action = (args) => {
  const read = readArguments(args, { json: flagOption, 'write-checkpoint': flagOption }, 0);
  const request = { json: read.flag('json'), writeCheckpoint: read.flag('write-checkpoint') };
  return (access) => rebuildLedger(access, request);
};

const actions: Readonly<Record<string, Action>> = { verify, rebuild };

const run = async ([word = '', ...args]: readonly string[], context: CommandContext): Promise<number> => {
  const action = Object.hasOwn(actions, word) ? actions[word] : undefined;
  if (!action) {
    throw new UsageError(`weir ledger: expected verify or rebuild${word === '' ? '' : `, not ${word}`}`);
  }
  const act = action(args);
  let access: LedgerAccess | undefined;
  try {
    access = openLedgerAccess(await context.bus(), replicasOf(context));
    const { text, holds } = await act(access, context);
    await context.out(`${text}\n`);
    return holds ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    const problem = error instanceof Error ? error.message : error;
    const what = error instanceof CommandFailure ? problem : `the ledger could not be read: ${problem}`;
    await context.note(`weir: ${what}\n`);
    return unreadable;
  } finally {
    access?.close();
  }
};

export const ledgerCommand: Command = {
  name: 'ledger',
  summary: 'prove the ledger against the usage events, or compute it again',
  help: `weir ledger verify  [--json] [--grace-ms <n>] [--since-checkpoint] [--sink <name>[=<url>]]…
                     [--provider-usage <upstream>=<file>]…
weir ledger rebuild [--json] [--write-checkpoint]

  verify              holds LEDGER against USAGE, and the limit store against LEDGER
  rebuild             computes what was used by organisation and month from USAGE, and compares it with LEDGER
  --grace-ms          how long an attempt may lack its account after its deadline; ${defaultGraceMs} unless given
  --since-checkpoint  trusts what came before the last checkpoint, and reads only what came after it; what needs the
                      whole ledger is then not checked
  --sink              holds a sink against LEDGER too: admin (WEIR_ADMIN_URL, or admin=<http URL> for another replica), or
                      a PostgreSQL sink by its name in the configuration, with <name>=<postgres URL> where its secret
                      is not at hand here. May be repeated
  --provider-usage    holds what the provider of an upstream says that it counted against LEDGER too: a page of its usage
                      report as JSON, buckets of a day, by model: OpenAI's /v1/organization/usage/completions or
                      …/embeddings, or Anthropic's /v1/organizations/usage_report/messages. May be repeated
  --write-checkpoint  writes the right totals over the last checkpoint, if it has others

Both read all there is from NATS (NATS_URL), some 20,000 attempts a second. Exit codes: 0 everything holds,
1 something does not, 2 wrong usage, 3 it could not be read.`,
  run,
};
