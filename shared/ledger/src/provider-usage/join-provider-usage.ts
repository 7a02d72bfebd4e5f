import type { LaneCounts, ProviderUsage, ReportKind } from './provider-usage.ts';

/** A page of a report, and the upstream whose provider says so. */
export interface UpstreamUsage {
  readonly upstream: string;
  readonly usage: ProviderUsage;
}

/** What a provider counted on a whole day, UTC. */
export interface ProviderDay {
  readonly upstream: string;
  readonly kind: ReportKind;
  /** Days since the epoch. */
  readonly day: number;
  readonly models: ReadonlyMap<string, LaneCounts>;
}

export type JoinedUsage =
  | {
      readonly outcome: 'joined';
      /** By upstream, kind and day. */
      readonly days: readonly ProviderDay[];
      /** Buckets that are not a whole day, UTC. */
      readonly partial: number;
    }
  | { readonly outcome: 'malformed'; readonly problem: string };

export const dayMs = 86_400_000;

export const dayText = (day: number): string =>
  new Date(day * dayMs).toISOString().slice(0, '2026-11-29'.length);

const placeOf = ({ upstream, kind, day }: ProviderDay): string => `${upstream} ${kind} ${dayText(day)}`;

/** A page that does not say is of embeddings where another has completions of its days, else of completions. */
const kindOf = ({ upstream, usage }: UpstreamUsage, pages: readonly UpstreamUsage[]): ReportKind => {
  if (usage.kind !== undefined) return usage.kind;
  const starts = new Set(usage.buckets.map(({ startsAt }) => startsAt));
  const isKnown = pages
    .filter((page) => page.upstream === upstream && page.usage.kind === 'completions')
    .flatMap((page) => page.usage.buckets)
    .some(({ startsAt, models }) => models.size > 0 && starts.has(startsAt));
  return isKnown ? 'embeddings' : 'completions';
};

const toDays = ({ upstream, usage: { buckets } }: UpstreamUsage, kind: ReportKind): ProviderDay[] =>
  buckets
    .filter(({ startsAt, endsAt }) => startsAt % dayMs === 0 && endsAt === startsAt + dayMs)
    .map(({ startsAt, models }) => ({ upstream, kind, day: startsAt / dayMs, models }));

/** The days of all pages, in whatever order they come. A day that was counted twice would be twice as much: it is refused. */
export const joinProviderUsage = (pages: readonly UpstreamUsage[]): JoinedUsage => {
  const days = new Map<string, ProviderDay>();
  const whole = pages.flatMap((page) => toDays(page, kindOf(page, pages)));
  for (const day of whole) {
    const place = placeOf(day);
    const known = days.get(place);
    if (known && known.models.size > 0 && day.models.size > 0)
      return { outcome: 'malformed', problem: `${place} is there twice` };
    if (!known || known.models.size === 0) days.set(place, day);
  }
  const buckets = pages.reduce((sum, { usage }) => sum + usage.buckets.length, 0);
  return {
    outcome: 'joined',
    days: [...days].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, day]) => day),
    partial: buckets - whole.length,
  };
};
