import { type AffinitySource, affinitySourceOf, type WeirConfig } from '@weir/contracts';

type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What names the sessions of a request. */
export interface SessionNames {
  /** Digests, by where the names were found. */
  readonly digests: Readonly<Record<string, string>>;
  /** Values of `set-cookie`, by upstream: names that were made up, for a client that had none. Absent: it had all. */
  readonly cookies?: ReadonlyMap<string, string>;
}

/** `protocol` is how the client came here. */
export interface NamingRequest {
  readonly headers: IncomingHeaders;
  readonly protocol: string;
}

/** Finds what names the sessions of a request. Undefined when nothing does. */
export type NameSessions = (request: NamingRequest) => SessionNames | undefined;

/** The value of one cookie (RFC 6265, §4.2.1). The first of several of its name. */
export const cookieOf = (header: string, name: string): string | undefined => {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    const value = pair.slice(equals + 1).trim();
    return value === '' ? undefined : value;
  }
  return undefined;
};

const namedBy = (headers: IncomingHeaders, source: AffinitySource): string | undefined => {
  const isCookie = source.startsWith('cookie:');
  const name = source.slice(source.indexOf(':') + 1);
  const header = headers[isCookie ? 'cookie' : name];
  if (typeof header !== 'string' || header === '') return undefined;
  return isCookie ? cookieOf(header, name) : header;
};

interface Issuer {
  readonly upstream: string;
  readonly cookie: string;
  readonly maxAgeMs: number | undefined;
}

interface Source {
  readonly name: AffinitySource;
  readonly issuers: readonly Issuer[];
}

const toSources = ({ upstreams }: Pick<WeirConfig, 'upstreams'>): readonly Source[] => {
  const sources = new Map<AffinitySource, Issuer[]>();
  for (const [upstream, { affinity }] of Object.entries(upstreams)) {
    const name = affinity && affinitySourceOf(affinity);
    if (name === undefined) continue;
    const issuers = sources.get(name) ?? [];
    sources.set(name, issuers);
    const { cookie, issueCookie, cookieMaxAgeMs: maxAgeMs } = affinity ?? {};
    if (cookie !== undefined && issueCookie === true) issuers.push({ upstream, cookie, maxAgeMs });
  }
  return [...sources].map(([name, issuers]) => ({ name, issuers }));
};

/** RFC 6265, §4.1. */
const toSetCookie = ({ cookie, maxAgeMs }: Issuer, value: string, isSecure: boolean): string => {
  const age = maxAgeMs === undefined ? '' : `; Max-Age=${Math.floor(maxAgeMs / 1_000)}`;
  return `${cookie}=${value}; Path=/${age}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
};

/**
 * Only the headers and cookies that the configuration names, and only their digests: what names a session may be what
 * opens it. `newName` makes up a name that nobody can guess.
 */
export const createSessionNames = (
  config: Pick<WeirConfig, 'upstreams'>,
  digest: (value: string) => string,
  newName: () => string,
): NameSessions => {
  const sources = toSources(config);
  if (sources.length === 0) return () => undefined;
  return (request) => {
    const digests: Record<string, string> = {};
    const cookies = new Map<string, string>();
    let isAny = false;
    for (const { name, issuers } of sources) {
      const found = namedBy(request.headers, name);
      if (found === undefined && issuers.length === 0) continue;
      const value = found ?? newName();
      digests[name] = digest(value);
      isAny = true;
      if (found !== undefined) continue;
      const isSecure = request.protocol === 'https';
      for (const issuer of issuers) cookies.set(issuer.upstream, toSetCookie(issuer, value, isSecure));
    }
    if (!isAny) return undefined;
    return cookies.size === 0 ? { digests } : { digests, cookies };
  };
};
