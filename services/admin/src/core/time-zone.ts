const dayMs = 86_400_000;

export const isTimeZone = (name: string): boolean => {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

export const timeGroups = ['hour', 'day', 'month'] as const;

export type TimeGroup = (typeof timeGroups)[number];

/** `2026-11-20` (day), `2026-11` (month), `2026-11-20T14:00+01:00` (hour): as the clocks of the zone show it. */
export const createTimeLabel = (group: TimeGroup, timeZone: string): ((atMs: number) => string) => {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    timeZoneName: 'longOffset',
  });
  const labelAt = (atMs: number): string => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const month = `${parts.get('year')}-${parts.get('month')}`;
    if (group === 'month') return month;
    const day = `${month}-${parts.get('day')}`;
    if (group === 'day') return day;
    // An hour can come twice in a night; its offset tells the two apart.
    const offset = (parts.get('timeZoneName') ?? '').replace('GMT', '');
    return `${day}T${parts.get('hour')}:00${offset === '' ? '+00:00' : offset}`;
  };
  const known = new Map<number, string>();
  return (atMs) => {
    const label = known.get(atMs) ?? labelAt(atMs);
    // Rows come by time: the same moment again and again.
    if (!known.has(atMs)) known.set(atMs, label);
    return label;
  };
};

/**
 * When a day begins in a zone. Undefined when the date does not exist there. Searched by quarters of an hour, since
 * clocks may be put forward at midnight.
 */
export const startOfDay = (date: string, timeZone: string): number | undefined => {
  const dayOf = createTimeLabel('day', timeZone);
  const utc = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(utc)) return undefined;
  for (let atMs = utc - dayMs; atMs <= utc + dayMs; atMs += 15 * 60_000)
    if (dayOf(atMs) === date) return atMs;
  return undefined;
};
