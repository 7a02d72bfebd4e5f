import type { LagoMetricConfig, LagoQuantity, RatedEvent } from '@weir/contracts';
import { nanoToCents, nanoToUnits } from './scaled-text.ts';

/** https://getlago.com/docs/api-reference/events/batch */
export interface LagoEvent {
  readonly transaction_id: string;
  readonly external_subscription_id: string;
  readonly code: string;
  /** Seconds since the epoch. The same at each try: some of Lago's stores tell events apart by it. */
  readonly timestamp: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly precise_total_amount_cents?: string;
}

interface Quantity {
  readonly value: string;
  readonly cents?: string;
}

const moneyOf = (nano: string): Quantity => ({ value: nanoToUnits(nano), cents: nanoToCents(nano) });

/** What changed with this record: a correction may be negative. */
const quantityOf = ({ delta }: RatedEvent['data'], of: LagoQuantity): Quantity => {
  if (of === 'amount') return moneyOf(delta.amountNano);
  if (of === 'charge') return moneyOf(delta.chargeNano);
  return { value: String(delta[of]) };
};

/** One event for each metric that changed. None: the record changed nothing that is counted. */
export const toLagoEvents = (
  event: RatedEvent,
  metrics: readonly LagoMetricConfig[],
  subscriptions: Readonly<Record<string, string>>,
): readonly LagoEvent[] => {
  const { data } = event;
  return metrics.flatMap(({ of, code }) => {
    const { value, cents } = quantityOf(data, of);
    if (value === '0') return [];
    return [
      {
        transaction_id: `${event.id}:${of}`,
        external_subscription_id: subscriptions[data.org] ?? data.org,
        code,
        timestamp: (data.startedAt / 1_000).toFixed(3),
        properties: {
          value,
          model: data.modelServed ?? data.modelRequested,
          provider: data.provider,
          team: data.team,
          key: data.key,
          currency: data.rating.currency,
        },
        ...(cents === undefined ? {} : { precise_total_amount_cents: cents }),
      },
    ];
  });
};

/** The events of a batch that Lago has already, by their position, or undefined when it says anything else of one. */
export const knownToLago = (answer: string): ReadonlySet<number> | undefined => {
  let details: unknown;
  try {
    details = (JSON.parse(answer) as { error_details?: unknown } | null)?.error_details;
  } catch {
    return undefined;
  }
  if (typeof details !== 'object' || details === null) return undefined;
  const entries = Object.entries(details as Record<string, unknown>);
  const allKnown = entries.every(([position, problems]) => /^\d+$/.test(position) && isDuplicate(problems));
  return entries.length > 0 && allKnown ? new Set(entries.map(([position]) => Number(position))) : undefined;
};

const isDuplicate = (problems: unknown): boolean =>
  JSON.stringify(problems) === '{"transaction_id":["value_already_exist"]}';
