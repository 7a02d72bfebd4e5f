/** The columns of `usage_record`, with the types that JSON is read as. */
const columns = {
  source: 'text',
  id: 'text',
  sequence: 'bigint',
  org: 'text',
  team: 'text',
  key: 'text',
  request_id: 'uuid',
  attempt: 'integer',
  run: 'text',
  revision: 'integer',
  rating_number: 'integer',
  started_at: 'timestamptz',
  route: 'text',
  upstream: 'text',
  target: 'text',
  provider: 'text',
  model_requested: 'text',
  model_served: 'text',
  quality: 'text',
  outcome: 'text',
  status: 'integer',
  usage: 'jsonb',
  rating_status: 'text',
  currency: 'text',
  price_id: 'text',
  amount_nano: 'numeric',
  charge_nano: 'numeric',
  delta_amount_nano: 'numeric',
  delta_charge_nano: 'numeric',
  delta_input_tokens: 'bigint',
  delta_output_tokens: 'bigint',
  delta_requests: 'bigint',
} as const;

const names = Object.keys(columns).join(', ');
const typedNames = Object.entries(columns)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');

const sums = ['requests', 'input_tokens', 'output_tokens', 'amount_nano', 'charge_nano', 'unpriced_records'];

/**
 * Stores rows (a JSON list) and adds those that are new to the day's totals, in one statement: totals are of what the
 * table holds, however often a row comes.
 */
export const storeRecords = (schema: string): string => `
  with fresh as (
    insert into ${schema}.usage_record (${names})
    select ${names} from jsonb_to_recordset($1::jsonb) as row (${typedNames})
    on conflict (source, id) do nothing
    returning *
  )
  insert into ${schema}.usage_daily as daily
    (day, org, team, key, provider, model, currency, ${sums.join(', ')})
  select (started_at at time zone 'UTC')::date, org, team, key, provider,
    coalesce(model_served, model_requested), currency,
    sum(delta_requests), sum(delta_input_tokens), sum(delta_output_tokens),
    sum(delta_amount_nano), sum(delta_charge_nano), count(*) filter (where rating_status = 'unpriced')
  from fresh
  group by 1, 2, 3, 4, 5, 6, 7
  order by 1, 2, 3, 4, 5, 6, 7
  on conflict (day, org, team, key, provider, model, currency) do update set
    ${sums.map((name) => `${name} = daily.${name} + excluded.${name}`).join(', ')}`;

export const readPosition = (schema: string): string =>
  `select epoch, sequence from ${schema}.sink_position where sink = $1`;

/** The row is locked until the transaction ends: of two replicas one waits, and then sees that it is late. */
export const lockPosition = (schema: string): string => `${readPosition(schema)} for update`;

/** Of two replicas that begin at the same time one has written nothing: before there is a row, nothing can be locked. */
export const firstPosition = (schema: string): string => `
  insert into ${schema}.sink_position (sink, epoch, sequence) values ($1, $2, $3)
  on conflict (sink) do nothing`;

export const writePosition = (schema: string): string => `
  update ${schema}.sink_position set epoch = $2, sequence = $3 where sink = $1`;
