import type { RatedEvent } from '@weir/contracts';

/** PostgreSQL takes neither NUL nor half a surrogate pair, and model names are the client's own text. */
const cleanText = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\uFFFD');

const orNull = (text: string | undefined): string | null => (text === undefined ? null : cleanText(text));

/** A record as a row of `usage_record`: the names are those of its columns. Null: not known. */
export const toUsageRow = (sequence: number, { source, id, data }: RatedEvent) => ({
  source: cleanText(source),
  id: cleanText(id),
  sequence,
  org: data.org,
  team: data.team,
  key: data.key,
  request_id: data.requestId,
  attempt: data.attempt,
  run: cleanText(data.run),
  revision: data.revision,
  rating_number: data.ratingNumber,
  started_at: new Date(data.startedAt).toISOString(),
  route: data.route,
  upstream: data.upstream,
  target: data.target,
  provider: data.provider,
  model_requested: cleanText(data.modelRequested),
  model_served: orNull(data.modelServed),
  quality: data.quality,
  outcome: data.outcome,
  status: data.status ?? null,
  usage: data.usage,
  rating_status: data.rating.status,
  currency: data.rating.currency,
  price_id: orNull(data.rating.priceId),
  amount_nano: data.rating.amountNano,
  charge_nano: data.rating.chargeNano,
  delta_amount_nano: data.delta.amountNano,
  delta_charge_nano: data.delta.chargeNano,
  delta_input_tokens: data.delta.inputTokens,
  delta_output_tokens: data.delta.outputTokens,
  delta_requests: data.delta.requests,
});

export type UsageRow = ReturnType<typeof toUsageRow>;
