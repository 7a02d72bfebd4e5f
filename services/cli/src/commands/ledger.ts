import { replicasOf } from '@weir/runtime';
import { flagOption, readArguments, textOption } from '../arguments.ts';
import { type Command, type CommandContext, exitCodes, UsageError } from '../command.ts';
import { type LedgerAccess, type LedgerAnswer, openLedgerAccess } from './ledger-access.ts';
import { rebuildLedger } from './ledger-rebuild.ts';
import { verifyLedger } from './ledger-verify.ts';

/** Apart from `failed`: nothing was found out. */
const unreadable = 3;

/** Metering writes an account for an attempt that has none two minutes after its deadline. */
const defaultGraceMs = 180_000;

type Action = (args: readonly string[]) => (access: LedgerAccess) => Promise<LedgerAnswer>;

const readGrace = (text: string | undefined): number => {
  const graceMs = text === undefined ? defaultGraceMs : Number(text);
  if (Number.isSafeInteger(graceMs) && graceMs >= 0) return graceMs;
  throw new UsageError(`--grace-ms: expected a whole number of milliseconds, not ${text}`);
};

const verify: Action = (args) => {
  const options = { json: flagOption, 'grace-ms': textOption, 'since-checkpoint': flagOption };
  const read = readArguments(args, options, 0);
  const request = {
    json: read.flag('json'),
    graceMs: readGrace(read.text('grace-ms')),
    sinceCheckpoint: read.flag('since-checkpoint'),
  };
  return (access) => verifyLedger(access, request);
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
    const { text, holds } = await act(access);
    await context.out(`${text}\n`);
    return holds ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    await context.note(
      `weir: the ledger could not be read: ${error instanceof Error ? error.message : error}\n`,
    );
    return unreadable;
  } finally {
    access?.close();
  }
};

export const ledgerCommand: Command = {
  name: 'ledger',
  summary: 'prove the ledger against the usage events, or compute it again',
  help: `weir ledger verify  [--json] [--grace-ms <n>] [--since-checkpoint]
weir ledger rebuild [--json] [--write-checkpoint]

  verify              holds LEDGER against USAGE, and the limit store against LEDGER
  rebuild             computes what was used by organisation and month from USAGE, and compares it with LEDGER
  --grace-ms          how long an attempt may lack its account after its deadline; ${defaultGraceMs} unless given
  --since-checkpoint  trusts what came before the last checkpoint, and reads only what came after it
  --write-checkpoint  writes the right totals over the last checkpoint, if it has others

Both read all there is from NATS (NATS_URL), some 20,000 attempts a second. Exit codes: 0 everything holds,
1 something does not, 2 wrong usage, 3 it could not be read.`,
  run,
};
