import type { PostgresExportConfig } from '@weir/contracts';
import type { SinkTotals } from '@weir/ledger';
import { type CommandContext, CommandFailure, UsageError } from '../command.ts';
import { readConfigInForce } from './config-in-force.ts';
import { readPostgresTotals } from './ledger-postgres.ts';

/** A sink, as the command line names it. */
export interface AskedSink {
  /** `admin`, or the name of a sink in the configuration. */
  readonly name: string;
  /** Absent: where the settings, or the configuration, say. */
  readonly url?: string;
}

/** The admin service adds up all that it has. */
const adminTimeoutMs = 300_000;

const isAdmin = ({ name, url }: AskedSink): boolean =>
  name === 'admin' && (url === undefined || /^https?:/.test(url));

/** `<name>` or `<name>=<url>`. @throws UsageError */
export const readAskedSink = (text: string): AskedSink => {
  const [, name = '', url] = /^([A-Za-z0-9_-]+)(?:=(.*))?$/s.exec(text) ?? [];
  const asked = url === undefined ? { name } : { name, url };
  const isPlace = url === undefined || (URL.canParse(url) && (isAdmin(asked) || /^postgres(ql)?:/.test(url)));
  if (name !== '' && isPlace) return asked;
  // What was given may hold a password.
  throw new UsageError(
    '--sink: expected admin, admin=<http URL>, the name of a sink in the configuration, or <name>=<postgres URL>',
  );
};

/** The answer of the admin API; sums are text. */
interface HeldUsage {
  readonly ledgerSequence: number;
  readonly ledgerEpoch?: string;
  readonly records: number;
  readonly requests: string;
  readonly inputTokens: string;
  readonly outputTokens: string;
  readonly costNano: string;
  readonly chargeNano: string;
}

const sumNames = ['requests', 'inputTokens', 'outputTokens', 'costNano', 'chargeNano'] as const;

const isHeldUsage = (body: unknown): body is HeldUsage => {
  const held = (body ?? {}) as Partial<Record<keyof HeldUsage, unknown>>;
  return (
    [held.ledgerSequence, held.records].every(Number.isSafeInteger) &&
    sumNames.every((name) => /^-?\d+$/.test(String(held[name])))
  );
};

const readAdminTotals = async (
  { url }: AskedSink,
  context: Pick<CommandContext, 'admin'>,
): Promise<SinkTotals> => {
  const sink = url === undefined ? 'admin' : `admin ${new URL(url).origin}`;
  const { body: held } = await context
    .admin(url?.replace(/\/+$/, ''))
    .call('GET', '/usage/ledger', { timeoutMs: adminTimeoutMs });
  if (!isHeldUsage(held))
    throw new CommandFailure(`sink ${sink}: it does not answer as an admin service does`);
  return {
    sink,
    ...(held.ledgerEpoch === undefined ? {} : { epoch: held.ledgerEpoch }),
    watermark: held.ledgerSequence,
    records: held.records,
    sums: {
      requests: BigInt(held.requests),
      inputTokens: BigInt(held.inputTokens),
      outputTokens: BigInt(held.outputTokens),
      amountNano: BigInt(held.costNano),
      chargeNano: BigInt(held.chargeNano),
    },
  };
};

type SinkContext = Pick<CommandContext, 'admin' | 'bus' | 'env' | 'readFile'>;

/** What a sink takes is in the configuration alone. */
const findExport = async (name: string, context: SinkContext): Promise<PostgresExportConfig> => {
  const { exports } = await readConfigInForce(context);
  const config = exports.find((one) => one.name === name);
  if (!config) {
    const names = exports.map((one) => one.name).join(', ');
    throw new CommandFailure(`sink ${name}: not in the configuration in force, which has ${names || 'none'}`);
  }
  if (config.kind === 'postgres') return config;
  throw new CommandFailure(`sink ${name}: a sink of kind ${config.kind} cannot be asked what it holds`);
};

const findUrl = async ({ name, url }: PostgresExportConfig, context: SinkContext): Promise<string> => {
  const text = 'fromFile' in url ? await context.readFile(url.fromFile) : context.env[url.fromEnv];
  const found = text?.trim();
  if (found) return found;
  const where = 'fromFile' in url ? `file ${url.fromFile} is empty` : `${url.fromEnv} is not set`;
  throw new CommandFailure(`sink ${name}: ${where}; set it, or give --sink ${name}=<postgres URL>`);
};

const readOne = async (asked: AskedSink, context: SinkContext): Promise<readonly SinkTotals[]> => {
  if (isAdmin(asked)) return [await readAdminTotals(asked, context)];
  const config = await findExport(asked.name, context);
  return readPostgresTotals(config, asked.url ?? (await findUrl(config, context)));
};

/** What each sink holds, read before the ledger is, so that none seems to be ahead of it. @throws CommandFailure */
export const readSinks = async (
  sinks: readonly AskedSink[],
  context: SinkContext,
): Promise<readonly SinkTotals[]> => {
  const totals: SinkTotals[] = [];
  for (const asked of sinks) totals.push(...(await readOne(asked, context)));
  return totals;
};
