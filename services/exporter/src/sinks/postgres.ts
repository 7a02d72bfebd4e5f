import { type PostgresExportConfig, ratedEventType } from '@weir/contracts';
import type { LogPosition } from '@weir/messaging';
import { type ClientBase, Pool } from 'pg';
import type { DeliverOutcome } from '../core/judge-answer.ts';
import type { OutgoingEvent } from '../core/part.ts';
import { toUsageRow } from '../core/usage-row.ts';
import { migrate } from './postgres-schema.ts';
import {
  firstPosition,
  lockPosition,
  readPosition,
  storeRecords,
  writePosition,
} from './postgres-statements.ts';
import type { Sink } from './sink.ts';

interface PositionRow {
  readonly epoch: string;
  /** 64 bits, so text. */
  readonly sequence: string;
}

const toPosition = (row: PositionRow | undefined): LogPosition | undefined =>
  row && { epoch: row.epoch, sequence: Number(row.sequence) };

const isSame = (one: LogPosition | undefined, other: LogPosition | undefined): boolean =>
  one?.epoch === other?.epoch && one?.sequence === other?.sequence;

/** Data exceptions, and constraints. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const isAboutContent = (error: unknown): boolean =>
  /^(22|23)/.test(String((error as { code?: unknown } | null)?.code ?? ''));

const rowsOf = (events: readonly OutgoingEvent[]) =>
  events.flatMap(({ sequence, event }) =>
    event.type === ratedEventType ? [toUsageRow(sequence, event)] : [],
  );

class PostgresSink implements Sink {
  #name: string;
  #schema: string;
  #pool: Pool;
  #isMigrated = false;

  constructor({ name, schema, timeoutMs }: PostgresExportConfig, url: string) {
    this.#name = name;
    this.#schema = schema;
    this.#pool = new Pool({
      connectionString: url,
      max: 1,
      application_name: `weir-exporter-${name}`,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      statement_timeout: timeoutMs,
    });
    // What breaks shows at the next query. Without listeners it would end the process, of idle connections and of others.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  async position(): Promise<LogPosition | undefined> {
    if (!this.#isMigrated) await this.#inTransaction((client) => migrate(client, this.#schema));
    this.#isMigrated = true;
    const { rows } = await this.#pool.query<PositionRow>(readPosition(this.#schema), [this.#name]);
    return toPosition(rows[0]);
  }

  async deliver(
    { events }: { events: readonly OutgoingEvent[] },
    from: LogPosition | undefined,
    to: LogPosition,
  ): Promise<DeliverOutcome> {
    try {
      return await this.#inTransaction((client) => this.#store(client, events, from, to));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return isAboutContent(error) ? { outcome: 'refused', problem } : { outcome: 'failed', problem };
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  /** The position is written with the rows: both are there, or neither is. */
  async #store(
    client: ClientBase,
    events: readonly OutgoingEvent[],
    from: LogPosition | undefined,
    to: LogPosition,
  ): Promise<DeliverOutcome> {
    const { rows } = await client.query<PositionRow>(lockPosition(this.#schema), [this.#name]);
    if (!isSame(toPosition(rows[0]), from)) return { outcome: 'moved' };
    if (events.length > 0) await client.query(storeRecords(this.#schema), [JSON.stringify(rowsOf(events))]);
    const write = from === undefined ? firstPosition : writePosition;
    const written = await client.query(write(this.#schema), [this.#name, to.epoch, to.sequence]);
    return { outcome: written.rowCount === 1 ? 'delivered' : 'moved' };
  }

  async #inTransaction<Result>(work: (client: ClientBase) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect();
    let isBroken = true;
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      isBroken = false;
      return result;
    } finally {
      // A connection in an unknown state goes away, and takes its transaction along.
      client.release(isBroken);
    }
  }
}

export const createPostgresSink = (config: PostgresExportConfig, url: string): Sink =>
  new PostgresSink(config, url);
