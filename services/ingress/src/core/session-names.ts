import { type AffinitySource, affinitySourceOf, type WeirConfig } from '@weir/contracts';

type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Finds what names the sessions of a request, by where it was found. Undefined when nothing does. */
export type NameSessions = (headers: IncomingHeaders) => Readonly<Record<string, string>> | undefined;

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

/**
 * Only the headers and cookies that the configuration names, and only their digests: what names a session may be what
 * opens it.
 */
export const createSessionNames = (
  config: Pick<WeirConfig, 'upstreams'>,
  digest: (value: string) => string,
): NameSessions => {
  const sources = new Set(
    Object.values(config.upstreams).flatMap(({ affinity }) => (affinity && affinitySourceOf(affinity)) ?? []),
  );
  if (sources.size === 0) return () => undefined;
  return (headers) => {
    const found: Record<string, string> = {};
    let isAny = false;
    for (const source of sources) {
      const value = namedBy(headers, source);
      if (value === undefined) continue;
      found[source] = digest(value);
      isAny = true;
    }
    return isAny ? found : undefined;
  };
};
