import type { WeirConfig } from '@weir/contracts';
import { matchesSomePattern } from '@weir/routing';

type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Client headers that an adapter or policy may need whatever the configuration says. */
const always: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'anthropic-version',
  'anthropic-beta',
  'openai-beta',
  'idempotency-key',
  'x-client-request-id',
  // Not for the adapter: the ingress's own answer repeats it.
  'x-correlation-id',
  // For the limits of tenants that are managed at run time: the ingress does not know those.
  'x-org-id',
  'x-tenant-id',
  'x-user-id',
]);

/**
 * Never leave the ingress, whatever a pattern says: credentials, under any name that a provider takes them by,
 * and what is about this one connection.
 */
const never: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
  'host',
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'accept-encoding',
  'content-length',
  'transfer-encoding',
]);

/** Which client headers travel in the envelope: those of upstreams, and those that something is decided by. */
export const createHeaderPicker = (
  config: Pick<WeirConfig, 'upstreams'>,
  decidingHeaders: readonly string[] = [],
): ((headers: IncomingHeaders) => Record<string, string>) => {
  const wanted = new Set([...always, ...decidingHeaders]);
  const patterns = [
    ...new Set(Object.values(config.upstreams).flatMap((upstream) => upstream.forwardHeaders)),
  ];
  return (headers) => {
    const picked: Record<string, string> = {};
    for (const name in headers) {
      const value = headers[name];
      if (typeof value !== 'string' || never.has(name)) continue;
      if (wanted.has(name) || (patterns.length > 0 && matchesSomePattern(patterns, name)))
        picked[name] = value;
    }
    return picked;
  };
};

/** The API key of a request. `Authorization: Bearer` goes before `x-api-key`. */
export const readApiKey = (headers: IncomingHeaders): string | undefined => {
  const { authorization } = headers;
  if (typeof authorization === 'string' && /^bearer /i.test(authorization)) {
    const key = authorization.slice(7).trim();
    if (key !== '') return key;
  }
  const key = headers['x-api-key'];
  return typeof key === 'string' && key !== '' ? key : undefined;
};
