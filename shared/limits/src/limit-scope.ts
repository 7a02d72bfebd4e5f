import type { ClientInfo, LimitKey, Principal } from '@weir/contracts';
import { clientNetwork } from './client-network.ts';

/** Callers of open routes are counted under this organisation. */
export const anonymousOrg = 'anonymous';

/** The team of keys that belong to none. */
export const noTeam = '_';

export const placeKinds = ['route', 'org', 'team', 'key'] as const;

/** Where a limit stands. */
export type PlaceKind = (typeof placeKinds)[number];

export interface Caller {
  readonly principal: Principal;
  /** Name of the route. */
  readonly route: string;
  readonly client: ClientInfo;
  readonly sha256Hex: (text: string) => string;
}

/** `org:acme`, `team:acme/web`, `key:acme/k1` or `route:chat`. */
export const placeText = (
  place: PlaceKind,
  { principal, route }: Pick<Caller, 'principal' | 'route'>,
): string => {
  if (place === 'route') return `route:${route}`;
  if (place === 'org') return `org:${principal.org}`;
  return place === 'team'
    ? `team:${principal.org}/${principal.team}`
    : `key:${principal.org}/${principal.key}`;
};

export type SharerKind = PlaceKind | 'client-ip' | 'header';

/** Everyone who meets a limit in this place is of one of these already. */
const impliedBy: Readonly<Record<PlaceKind, readonly SharerKind[]>> = {
  route: ['route'],
  org: ['org'],
  team: ['team', 'org'],
  key: ['key', 'team', 'org'],
};

const isHeader = (key: LimitKey): key is `header:${string}` => key.startsWith('header:');

/** What has a counter of its own within the place. Undefined: the place as a whole. */
export const sharerKind = (place: PlaceKind, key: LimitKey | undefined): SharerKind | undefined => {
  const shared = key ?? (place === 'route' ? 'key' : place);
  const kind = isHeader(shared) ? 'header' : shared;
  return impliedBy[place].includes(kind) ? undefined : kind;
};

/** Client text is not shown: it may be personal, long, or look like the rest of a scope. */
const shownDigits = 32;

/** These name the credential, of which only the hash travels. */
const credentialHeaders: ReadonlySet<string> = new Set(['header:authorization', 'header:x-api-key']);

const headerHash = (key: LimitKey | undefined, { client, sha256Hex }: Caller): string => {
  if (key !== undefined && credentialHeaders.has(key)) return client.keySha256 ?? sha256Hex('');
  const name = key?.slice('header:'.length) ?? '';
  return sha256Hex(Object.hasOwn(client.headers, name) ? (client.headers[name] ?? '') : '');
};

const sharerText = (
  place: PlaceKind,
  kind: SharerKind,
  key: LimitKey | undefined,
  caller: Caller,
): string => {
  const { principal, client, sha256Hex } = caller;
  const { org, team } = principal;
  // The places of a tenant name the organisation already.
  const owner = place === 'route' ? `${org}/` : '';
  switch (kind) {
    case 'route':
      return `route:${caller.route}`;
    case 'org':
      return `org:${org}`;
    case 'team':
      return `team:${owner}${team}`;
    case 'header':
      return `header:${headerHash(key, caller).slice(0, shownDigits)}`;
    case 'key':
      // An anonymous caller has none.
      if (org !== anonymousOrg) return `key:${owner}${principal.key}`;
      break;
    case 'client-ip':
      break;
  }
  return `client-ip:${sha256Hex(clientNetwork(client.ip)).slice(0, shownDigits)}`;
};

/** The place, and behind it who has a counter of their own there: `route:chat/key:acme/k1`. */
export const scopeText = (place: PlaceKind, key: LimitKey | undefined, caller: Caller): string => {
  const kind = sharerKind(place, key);
  const text = placeText(place, caller);
  return kind === undefined ? text : `${text}/${sharerText(place, kind, key, caller)}`;
};

export interface ReadScope {
  readonly place: PlaceKind;
  /** The route, or the organisation of the place. */
  readonly name: string;
  /** The team or the key of the place. */
  readonly member: string | undefined;
  readonly sharer: SharerKind | undefined;
}

const nameText = '[A-Za-z0-9_-]+';
const scopePattern = new RegExp(
  `^(?<place>route|org|team|key):(?<name>${nameText})(/(?<member>${nameText}))?(/(?<sharer>route|org|team|key|client-ip|header):.+)?$`,
);

/** Undefined when the text is no scope. */
export const readScope = (text: string): ReadScope | undefined => {
  const groups = scopePattern.exec(text)?.groups;
  if (!groups) return undefined;
  const place = groups['place'] as PlaceKind;
  const member = groups['member'];
  if ((member !== undefined) !== (place === 'team' || place === 'key')) return undefined;
  return { place, name: groups['name'] ?? '', member, sharer: groups['sharer'] as SharerKind | undefined };
};
