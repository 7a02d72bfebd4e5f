import type { RatedUsage } from '@weir/contracts';
import { dayMs, dayText, type ProviderDay } from '../provider-usage/join-provider-usage.ts';
import {
  type LaneCounts,
  lanesOfKind,
  type ReportLane,
  reportLanes,
} from '../provider-usage/provider-usage.ts';
import {
  createFindingLog,
  type FindingLog,
  type InvariantReport,
  maxFindings,
  toInvariantReport,
} from './finding.ts';
import { createProviderCells, emptyCell, midnightMarginMs, type ProviderCell } from './provider-cells.ts';

export interface ProviderWatchOptions {
  /** What providers say that they counted. Absent: nobody asked them. */
  readonly providers?: {
    readonly days: readonly ProviderDay[];
    /** Buckets of their reports that are no whole day. */
    readonly partial: number;
  };
  /** When the ledger was created: of what came before it there is no record. */
  readonly epoch: string;
  readonly trustsPredecessors: boolean;
}

/** Up to when the ledger is complete. */
export interface LedgerEdge {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly graceMs: number;
  /** Start of the oldest attempt that may lack its account. Undefined: there is none. */
  readonly openSince: number | undefined;
}

/** Holds the ledger against what providers say that they counted: I7. */
export interface ProviderWatch {
  take(data: RatedUsage): void;
  report(edge: LedgerEdge): InvariantReport;
}

interface Judgement {
  /** Beyond what the reported usage, and attempts around midnight, can be. */
  readonly unexplained: FindingLog;
  /** No more than what was estimated: worth a look, and no proof of a mistake. */
  readonly estimated: FindingLog;
}

type Counts = Record<'compared' | 'unended' | 'older' | 'straddling' | 'estimated' | 'unknown', number>;

const findText = (lane: ReportLane, cell: ProviderCell, elsewhere: bigint): string => {
  const { straddling, estimated } = cell.attempts;
  const silent = cell.silent[lane];
  return [
    `${cell.reported[lane]} reported`,
    ...(straddling > 0 ? [`${cell.straddling[lane]} in ${straddling} attempts around midnight`] : []),
    ...(estimated > 0 ? [`${cell.estimated[lane]} estimated in ${estimated} attempts`] : []),
    ...(elsewhere > 0n ? [`${elsewhere} estimated for models that the report does not name`] : []),
    ...(silent > 0 ? [`${silent} attempts of which it is not known`] : []),
  ].join(', ');
};

interface JudgedModel {
  readonly where: string;
  readonly counted: LaneCounts;
  readonly cell: ProviderCell;
  /** Estimates of the day for models that the report does not name. */
  readonly elsewhere: ReadonlyMap<ReportLane, bigint>;
}

const judgeModel = ({ where, counted, cell, elsewhere }: JudgedModel, to: Judgement): void => {
  for (const lane of reportLanes) {
    const tokens = counted[lane];
    if (tokens === undefined) continue;
    const least = cell.reported[lane];
    const most = least + cell.straddling[lane];
    if (tokens >= least && tokens <= most) continue;
    const unnamed = elsewhere.get(lane) ?? 0n;
    const isEstimated = tokens > most && tokens <= most + cell.estimated[lane] + unnamed;
    const suspense = `suspense of ${tokens - least} tokens, ${lane}`;
    (isEstimated ? to.estimated : to.unexplained).add({
      what: isEstimated ? `${suspense}: no more than was estimated` : suspense,
      where,
      expected: `${tokens} by the provider's count`,
      found: findText(lane, cell, unnamed),
    });
  }
};

/** What a report says of a model that it does not name. */
const nothingOf = ({ kind }: ProviderDay): LaneCounts =>
  Object.fromEntries(lanesOfKind[kind].map((lane) => [lane, 0n]));

/**
 * What was estimated for models that the report does not name. An attempt that was cut before its answer named the model
 * has the one that was asked for, which may be an alias.
 */
const estimatedElsewhere = (
  { models }: ProviderDay,
  cells: ReadonlyMap<string, ProviderCell>,
): ReadonlyMap<ReportLane, bigint> => {
  const unnamed = [...cells].filter(([model]) => !models.has(model)).map(([, { estimated }]) => estimated);
  return new Map(
    reportLanes.map((lane) => [lane, unnamed.reduce((sum, estimated) => sum + estimated[lane], 0n)]),
  );
};

const judgeDay = (day: ProviderDay, cells: ReadonlyMap<string, ProviderCell>, to: Judgement): void => {
  const elsewhere = estimatedElsewhere(day, cells);
  for (const model of [...new Set([...day.models.keys(), ...cells.keys()])].sort()) {
    const where = `${day.upstream} ${model} ${dayText(day.day)}`;
    const counted = day.models.get(model) ?? nothingOf(day);
    judgeModel({ where, counted, cell: cells.get(model) ?? emptyCell(), elsewhere }, to);
  }
};

const noteOf = (counts: Counts, partial: number): string => {
  const leftOut = [
    [counts.unended, 'not over, or with attempts under way'],
    [counts.older, 'begun before the ledger was'],
    [partial, 'no whole day'],
  ] as const;
  const attempts = [
    [counts.straddling, 'around midnight'],
    [counts.estimated, 'estimated'],
    [counts.unknown, 'unknown'],
  ] as const;
  return [
    `${counts.compared} days compared`,
    ...leftOut.filter(([count]) => count > 0).map(([count, why]) => `${count} left out, ${why}`),
    ...attempts.filter(([count]) => count > 0).map(([count, what]) => `${count} attempts ${what}`),
  ].join('; ');
};

const notChecked = (note: string): InvariantReport =>
  toInvariantReport('I7', { count: 0, kept: [] }, { checked: false, note });

export const createProviderWatch = (options: ProviderWatchOptions): ProviderWatch => {
  const { providers, trustsPredecessors } = options;
  const days = providers?.days ?? [];
  const cells = createProviderCells(trustsPredecessors ? [] : days);
  const ledgerStart = Date.parse(options.epoch);

  const whyLeftOut = ({ day }: ProviderDay, { now, graceMs, openSince }: LedgerEdge) => {
    const endsAt = (day + 1) * dayMs;
    if (day * dayMs < ledgerStart) return 'older';
    const isOpen = openSince !== undefined && openSince - midnightMarginMs < endsAt;
    return isOpen || endsAt + graceMs > now ? 'unended' : undefined;
  };

  const compare = (edge: LedgerEdge, to: Judgement): Counts => {
    const counts = { compared: 0, unended: 0, older: 0, straddling: 0, estimated: 0, unknown: 0 };
    const found = cells.cells();
    for (const day of days) {
      const why = whyLeftOut(day, edge);
      counts[why ?? 'compared'] += 1;
      if (why !== undefined) continue;
      const models = found.get(day) ?? new Map<string, ProviderCell>();
      for (const { attempts } of models.values()) {
        counts.straddling += attempts.straddling;
        counts.estimated += attempts.estimated;
        counts.unknown += attempts.unknown;
      }
      judgeDay(day, models, to);
    }
    return counts;
  };

  return {
    take: cells.take,
    report: (edge) => {
      if (!providers) return notChecked("needs the providers' own usage reports, which are not on the bus");
      if (trustsPredecessors) return notChecked('the ledger was not read from its start');
      const to = { unexplained: createFindingLog('I7'), estimated: createFindingLog('I7') };
      const counts = compare(edge, to);
      const log = {
        count: to.unexplained.count + to.estimated.count,
        kept: [...to.unexplained.kept, ...to.estimated.kept].slice(0, maxFindings),
      };
      return toInvariantReport('I7', log, {
        note: noteOf(counts, providers.partial),
        checked: counts.compared > 0,
        proves: to.unexplained.count > 0,
      });
    },
  };
};
