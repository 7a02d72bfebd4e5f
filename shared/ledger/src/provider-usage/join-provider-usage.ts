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

const toDays = ({ upstream, usage: { kind, buckets } }: UpstreamUsage): ProviderDay[] =>
  buckets
    .filter(({ startsAt, endsAt }) => startsAt % dayMs === 0 && endsAt === startsAt + dayMs)
    .map(({ startsAt, models }) => ({ upstream, kind, day: startsAt / dayMs, models }));

/** The days of all pages, in whatever order they come. A day that was counted twice would be twice as much: it is refused. */
export const joinProviderUsage = (pages: readonly UpstreamUsage[]): JoinedUsage => {
  const days = new Map<string, ProviderDay>();
  for (const day of pages.flatMap(toDays)) {
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
    partial: buckets - pages.flatMap(toDays).length,
  };
};
