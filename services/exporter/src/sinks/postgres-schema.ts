import type { ClientBase } from 'pg';

/** Any number; it keeps two replicas from making the tables at the same time. */
const migrationLock = 0x77656972;

/** In order, each once. They are added to, never edited. */
const migrations: readonly ((schema: string) => string)[] = [
  (schema) => `
    create table ${schema}.sink_position (
      sink text primary key,
      epoch text not null,
      sequence bigint not null
    );
    create table ${schema}.usage_record (
      source text not null,
      id text not null,
      sequence bigint not null,
      org text not null,
      team text not null,
      key text not null,
      request_id uuid not null,
      attempt integer not null,
      run text not null,
      revision integer not null,
      rating_number integer not null,
      started_at timestamptz not null,
      route text not null,
      upstream text not null,
      target text not null,
      provider text not null,
      model_requested text not null,
      model_served text,
      quality text not null,
      outcome text not null,
      status integer,
      usage jsonb not null,
      rating_status text not null,
      currency text not null,
      price_id text,
      amount_nano numeric not null,
      charge_nano numeric not null,
      delta_amount_nano numeric not null,
      delta_charge_nano numeric not null,
      delta_input_tokens bigint not null,
      delta_output_tokens bigint not null,
      delta_requests bigint not null,
      primary key (source, id)
    );
    create index usage_record_by_org on ${schema}.usage_record (org, started_at);
    create index usage_record_by_request on ${schema}.usage_record (request_id);
    create table ${schema}.usage_daily (
      day date not null,
      org text not null,
      team text not null,
      key text not null,
      provider text not null,
      model text not null,
      currency text not null,
      requests bigint not null,
      input_tokens numeric not null,
      output_tokens numeric not null,
      amount_nano numeric not null,
      charge_nano numeric not null,
      unpriced_records bigint not null,
      primary key (day, org, team, key, provider, model, currency)
    );`,
];

/** Brings the tables up to this version, within the transaction that is open. */
export const migrate = async (client: ClientBase, schema: string): Promise<void> => {
  await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
  await client.query(`create schema if not exists ${schema}`);
  await client.query(`create table if not exists ${schema}.migration (version integer primary key)`);
  const { rows } = await client.query<{ version: number | null }>(
    `select max(version) as version from ${schema}.migration`,
  );
  const done = rows[0]?.version ?? 0;
  for (const [position, migration] of migrations.entries()) {
    if (position < done) continue;
    await client.query(migration(schema));
    await client.query(`insert into ${schema}.migration values ($1)`, [position + 1]);
  }
};
