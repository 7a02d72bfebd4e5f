import type { EnvelopeMeta, SplitKey } from '@weir/contracts';

/** A request as far as splits and rules look at it. */
export type SplitRequest = Pick<EnvelopeMeta, 'id' | 'client' | 'principal'>;

/** Callers without a key belong to it. */
const anonymousKey = '_';

/** What keeps requests together in a split. Where a request has none of what is asked for it stands alone. */
export const splitKeyOf = (by: SplitKey, { id, client, principal }: SplitRequest): string => {
  if (by === 'request' || by === 'key' || by === 'team' || by === 'org') {
    if (by === 'request' || principal === undefined) return id;
    const { org, team, key } = principal;
    if (key === anonymousKey) return client.ip;
    if (by === 'org') return org;
    return by === 'team' ? `${org}/${team}` : `${org}/${team}/${key}`;
  }
  const name = by.slice('header:'.length);
  return Object.hasOwn(client.headers, name) ? (client.headers[name] ?? id) : id;
};
