import {
  type BudgetCounter,
  type RatedUsage,
  readCounter,
  subjects,
  type ThresholdEvent,
  type ThresholdReached,
  thresholdEventType,
} from '@weir/contracts';
import { askedUntil, chargesOf, type TotalChange, type Totals } from '@weir/ledger';
import { thresholdsCrossed } from '@weir/limits';

/** What there is to watch about a counter. */
export interface BudgetTerms {
  /** In whole units of the counter. */
  readonly limitUnits: bigint;
  /** In per mille of the limit. */
  readonly thresholds: readonly number[];
}

/** Undefined: no budget goes by this counter any more. */
export type BudgetOf = (counter: BudgetCounter) => BudgetTerms | undefined;

export interface ThresholdAlert {
  readonly subject: string;
  readonly event: ThresholdEvent;
}

export interface ThresholdAlertsOptions {
  readonly totals: Totals;
  readonly budgetOf: BudgetOf;
  /** Of the events: the installation. */
  readonly source: string;
  readonly sha256Hex: (text: string) => string;
}

/** Adds up what is charged to budgets, and says when they reach a threshold. */
export interface ThresholdAlerts {
  /**
   * Records in the order of the ledger. The same records give alerts on the same subjects; a counter's first record,
   * and the first after its budget was changed, also those of thresholds that were passed before.
   */
  take(record: RatedUsage, ledgerSequence: number): readonly ThresholdAlert[];
  /** Forgets counters that nobody asks for any more at this moment, seconds since the epoch. */
  forget(atSeconds: number): void;
}

/** Nobody's budget: one of a route, where several organisations share it. */
const noOrg = '_';

const orgOf = ({ scope }: BudgetCounter): string =>
  /^(org|team|key):([A-Za-z0-9_-]+)/.exec(scope)?.[2] ?? noOrg;

/** The name, and where it is not the organisation's own budget a hash of where it stands: tokens are short. */
const budgetToken = (counter: BudgetCounter, sha256Hex: (text: string) => string): string => {
  const { scope, budget } = counter;
  if (scope === `org:${orgOf(counter)}`) return budget;
  return `${budget.slice(0, 40)}-${sha256Hex(`${scope}|${budget}`).slice(0, 16)}`;
};

const isoSeconds = (seconds: number): string => new Date(seconds * 1_000).toISOString();

const toSubject = (counter: BudgetCounter, data: ThresholdReached, options: ThresholdAlertsOptions): string =>
  subjects.alert({
    org: data.org,
    budget: budgetToken(counter, options.sha256Hex),
    period: String(counter.startsAt),
    // Another limit is another threshold: raising it arms the alert again.
    threshold: `${data.limit}-${data.thresholdPerMille}`,
  });

const toEvent = (data: ThresholdReached, id: string, source: string, startedAt: number): ThresholdEvent => ({
  specversion: '1.0',
  type: thresholdEventType,
  source,
  id,
  subject: data.org,
  time: new Date(startedAt).toISOString(),
  datacontenttype: 'application/json',
  partitionkey: data.org,
  data,
});

export const createThresholdAlerts = (options: ThresholdAlertsOptions): ThresholdAlerts => {
  const { totals, budgetOf, source } = options;
  /** By which terms a counter was looked at last. */
  const termsOf = new Map<string, string>();

  /** A limit that was lowered below what is spent was never crossed: by new terms all of the way counts. */
  const unseenFrom = ({ counter, before }: TotalChange, { limitUnits, thresholds }: BudgetTerms): bigint => {
    const terms = `${limitUnits} ${thresholds}`;
    if (termsOf.get(counter) === terms) return before;
    termsOf.set(counter, terms);
    return 0n;
  };

  const alertsOf = (change: TotalChange, record: RatedUsage, ledgerSequence: number): ThresholdAlert[] => {
    const { counter: text, after } = change;
    const counter = readCounter(text);
    const terms = counter && budgetOf(counter);
    if (!terms) return [];
    const { limitUnits } = terms;
    return thresholdsCrossed({ ...terms, before: unseenFrom(change, terms), after }).map(
      (thresholdPerMille) => {
        const data: ThresholdReached = {
          org: orgOf(counter),
          scope: counter.scope,
          budget: counter.budget,
          counter: text,
          unit: counter.unit,
          limit: String(limitUnits),
          thresholdPerMille,
          used: String(after),
          periodStart: isoSeconds(counter.startsAt),
          periodEnd: isoSeconds(counter.endsAt),
          ledgerSequence,
        };
        const subject = toSubject(counter, data, options);
        const id = subject.slice(subjects.alerts.length - 1);
        return { subject, event: toEvent(data, id, source, record.startedAt) };
      },
    );
  };

  return {
    take: (record, ledgerSequence) =>
      totals.add(chargesOf(record)).flatMap((change) => alertsOf(change, record, ledgerSequence)),
    forget: (atSeconds) => {
      totals.forget(atSeconds);
      for (const counter of termsOf.keys()) if (askedUntil(counter) < atSeconds) termsOf.delete(counter);
    },
  };
};
