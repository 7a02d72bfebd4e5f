import type { PostgresExportConfig } from '@weir/contracts';
import type { SinkTotals } from '@weir/ledger';
import { withDeadline } from '@weir/messaging';
import { Client } from 'pg';
import { CommandFailure } from '../command.ts';

const connectTimeoutMs = 5_000;
/** All rows are added up. */
const readTimeoutMs = 300_000;
const endTimeoutMs = 1_000;

/** Numbers come as text: they have more digits than a double. */
type Sums = Readonly<
  Record<'requests' | 'input_tokens' | 'output_tokens' | 'amount_nano' | 'charge_nano', string>
>;

interface HeldRow {
  readonly epoch: string | null;
  readonly sequence: string;
  /** All sinks that have a position in the schema. */
  readonly sinks: readonly string[] | null;
  readonly records: string;
  readonly first: string | null;
  readonly recorded: Sums;
  readonly daily: Sums;
  /** There are rows behind the position: it was set back. */
  readonly beyond: boolean;
}

const sumOf = (column: string, name: string): string => `'${name}', coalesce(sum(${column}), 0)::text`;

const sumsOf = (prefix: string): string => {
  const names = ['requests', 'input_tokens', 'output_tokens', 'amount_nano', 'charge_nano'];
  return `json_build_object(${names.map((name) => sumOf(`${prefix}${name}`, name)).join(', ')})`;
};

/**
 * One statement, so all of it is of one moment: the sink writes rows and position in one transaction. The tables are
 * described in services/exporter/README.md.
 */
const readHeld = (schema: string): string => `
  with stand as (
    select max(epoch) filter (where sink = $1) as epoch,
      coalesce(max(sequence) filter (where sink = $1), 0) as sequence,
      array_agg(sink order by sink) as sinks
    from ${schema}.sink_position
  ), record as (
    select count(*)::text as records, min(sequence)::text as first, ${sumsOf('delta_')} as recorded
    from ${schema}.usage_record where sequence <= (select sequence from stand)
  ), day as (
    select ${sumsOf('')} as daily from ${schema}.usage_daily
  )
  select epoch, sequence::text as sequence, sinks, records, first, recorded, daily,
    exists(select 1 from ${schema}.usage_record where sequence > stand.sequence) as beyond
  from stand, record, day`;

const toSums = (sums: Sums): SinkTotals['sums'] => ({
  requests: BigInt(sums.requests),
  inputTokens: BigInt(sums.input_tokens),
  outputTokens: BigInt(sums.output_tokens),
  amountNano: BigInt(sums.amount_nano),
  chargeNano: BigInt(sums.charge_nano),
});

const toTotals = ({ name, orgs, startAt }: PostgresExportConfig, row: HeldRow): SinkTotals[] => {
  const watermark = Number(row.sequence);
  // Where one began that was to take only what is new is not written down anywhere else.
  const from = startAt === 'new' ? { from: row.first === null ? watermark + 1 : Number(row.first) } : {};
  const part = { watermark, orgs, ...from, ...(row.epoch === null ? {} : { epoch: row.epoch }) };
  return [
    { sink: name, ...part, records: Number(row.records), sums: toSums(row.recorded) },
    // The sums of days are of all rows.
    ...(row.beyond ? [] : [{ sink: `${name} by day`, ...part, sums: toSums(row.daily) }]),
  ];
};

const queryHeld = async (
  { name, schema }: PostgresExportConfig,
  url: string,
): Promise<HeldRow | undefined> => {
  const client = new Client({
    connectionString: url,
    application_name: 'weir-ledger-verify',
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: readTimeoutMs,
    statement_timeout: readTimeoutMs,
  });
  // What breaks shows at the query. Without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<HeldRow>(readHeld(schema), [name]);
    return rows[0];
  } finally {
    // Otherwise it waits for the other side to close too.
    await withDeadline(client.end(), endTimeoutMs, 'the end of the connection').catch(() => undefined);
  }
};

/** A host of several addresses fails with one error for each, and no message of its own. */
const problemOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(problemOf).join(', ');
  return error instanceof Error ? error.message : String(error);
};

/**
 * What the sink of an exporter holds, by its records and by its sums of days. @throws CommandFailure when it cannot be
 * read, or holds what another sink took
 */
export const readPostgresTotals = async (
  config: PostgresExportConfig,
  url: string,
): Promise<readonly SinkTotals[]> => {
  const { name, schema } = config;
  const row = await queryHeld(config, url).catch((error: unknown) => {
    throw new CommandFailure(`sink ${name}: ${problemOf(error)}`);
  });
  if (!row) throw new CommandFailure(`sink ${name}: schema ${schema} cannot be read`);
  const { sinks } = row;
  if (sinks?.some((sink) => sink !== name)) {
    throw new CommandFailure(
      `sink ${name}: schema ${schema} has the records of ${sinks.join(', ')}, and none says whose it is; give each sink a schema of its own`,
    );
  }
  return toTotals(config, row);
};
