import {
  type Api,
  attemptKey,
  type RatedUsage,
  type Usage,
  type UsageQuality,
  usesTokens,
} from '@weir/contracts';
import { dayMs, type ProviderDay } from '../provider-usage/join-provider-usage.ts';
import { type ReportKind, type ReportLane, reportLanes } from '../provider-usage/provider-usage.ts';
import { countTokens } from '../token-counts.ts';

/**
 * An attempt so close to midnight may be on the other side by the provider's clock, or because it counts when a call
 * ends, and not when it begins.
 */
export const midnightMarginMs = 60_000;

export type LaneSums = Record<ReportLane, bigint>;

/** What the ledger has of one model on one day of an upstream. */
export interface ProviderCell {
  /** Of attempts that lie within the day, as the provider reported. */
  readonly reported: LaneSums;
  /** Of attempts around midnight, as the provider reported: they are of this day or of the one beside it. */
  readonly straddling: LaneSums;
  /** Of attempts whose use the provider did not report, or not all of it. */
  readonly estimated: LaneSums;
  readonly attempts: { straddling: number; estimated: number; unknown: number };
  /** Attempts of which the lane is not known. */
  readonly silent: Record<ReportLane, number>;
}

/** Of one attempt a count is exact as a number, and takes less room. */
type AttemptLanes = Partial<Record<ReportLane, number>>;

interface CountedAttempt {
  readonly revision: number;
  readonly ratingNumber: number;
  readonly model: string;
  readonly quality: UsageQuality;
  readonly lanes: AttemptLanes;
  readonly isStraddling: boolean;
  readonly isCounted: boolean;
  readonly days: readonly ProviderDay[];
}

/** Gathers what the ledger has of the days that providers report. */
export interface ProviderCells {
  take(data: RatedUsage): void;
  /** By day, then by model. */
  cells(): ReadonlyMap<ProviderDay, ReadonlyMap<string, ProviderCell>>;
}

const firstErrorStatus = 400;

const zeros = (): LaneSums => ({
  inputTotal: 0n,
  inputText: 0n,
  cacheRead: 0n,
  cacheWrite5m: 0n,
  cacheWrite1h: 0n,
  outputTotal: 0n,
});

export const emptyCell = (): ProviderCell => ({
  reported: zeros(),
  straddling: zeros(),
  estimated: zeros(),
  attempts: { straddling: 0, estimated: 0, unknown: 0 },
  silent: { inputTotal: 0, inputText: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, outputTotal: 0 },
});

const kindsOf = (api: string): readonly ReportKind[] =>
  api === 'openai.embeddings' ? ['embeddings'] : ['completions', 'messages'];

const lanesOf = (usage: Usage): AttemptLanes => {
  const { input, output } = countTokens(usage);
  const lanes: AttemptLanes = {};
  for (const lane of reportLanes) {
    const count = lane === 'inputTotal' ? input : lane === 'outputTotal' ? output : usage[lane];
    if (count !== undefined) lanes[lane] = count;
  }
  return lanes;
};

const isLater = (one: CountedAttempt | undefined, data: RatedUsage): boolean =>
  one !== undefined &&
  (one.revision > data.revision || (one.revision === data.revision && one.ratingNumber > data.ratingNumber));

/** A provider counts nothing for what it refused. */
const isCounted = ({ api, quality, status }: RatedUsage): boolean =>
  usesTokens(api as Api) && (quality !== 'unknown' || status === undefined || status < firstErrorStatus);

const addTo = (sums: LaneSums, lanes: AttemptLanes): void => {
  for (const lane of reportLanes) sums[lane] += BigInt(lanes[lane] ?? 0);
};

const addAttempt = (cell: ProviderCell, { quality, lanes, isStraddling }: CountedAttempt): void => {
  for (const lane of reportLanes) if (lanes[lane] === undefined) cell.silent[lane] += 1;
  if (quality === 'unknown') cell.attempts.unknown += 1;
  else if (quality !== 'reported') {
    cell.attempts.estimated += 1;
    addTo(cell.estimated, lanes);
  } else if (isStraddling) {
    cell.attempts.straddling += 1;
    addTo(cell.straddling, lanes);
  } else addTo(cell.reported, lanes);
};

export const createProviderCells = (days: readonly ProviderDay[]): ProviderCells => {
  const reported = Map.groupBy(days, ({ upstream, kind }) => `${upstream} ${kind}`);
  const attempts = new Map<string, CountedAttempt>();

  return {
    take: (data) => {
      if (days.length === 0) return;
      const own = kindsOf(data.api).flatMap((kind) => reported.get(`${data.upstream} ${kind}`) ?? []);
      const first = Math.floor((data.startedAt - midnightMarginMs) / dayMs);
      const last = Math.floor((data.startedAt + Math.max(data.totalMs, 0) + midnightMarginMs) / dayMs);
      const touched = own.filter(({ day }) => day >= first && day <= last);
      const key = attemptKey(data);
      const known = attempts.get(key);
      // What an earlier record said of other days holds no longer. Later ones come later, or I2 does not hold.
      if (isLater(known, data) || (touched.length === 0 && !known)) return;
      attempts.set(key, {
        revision: data.revision,
        ratingNumber: data.ratingNumber,
        model: data.modelServed ?? data.modelRequested,
        quality: data.quality,
        lanes: lanesOf(data.usage),
        isStraddling: first !== last,
        isCounted: isCounted(data),
        days: touched,
      });
    },
    cells: () => {
      const cells = new Map<ProviderDay, Map<string, ProviderCell>>();
      for (const attempt of attempts.values()) {
        if (!attempt.isCounted) continue;
        for (const day of attempt.days) {
          const models = cells.get(day) ?? new Map<string, ProviderCell>();
          const cell = models.get(attempt.model) ?? emptyCell();
          addAttempt(cell, attempt);
          cells.set(day, models.set(attempt.model, cell));
        }
      }
      return cells;
    },
  };
};
