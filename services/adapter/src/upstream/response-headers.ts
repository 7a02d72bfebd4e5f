/** Hop-by-hop headers (RFC 9110 §7.6.1), those that we write ourselves, and those about the provider's front door. */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'date',
  'server',
  'set-cookie',
  'alt-svc',
  'strict-transport-security',
  'via',
]);

type Header = readonly [name: string, value: string];

const isRateLimit = (name: string): boolean => name.startsWith('x-ratelimit-');

/**
 * The upstream's headers as they travel to the client. What policy says of our own limits takes the place of what the
 * upstream says of its: a client would mix up the two.
 */
export const toRelayedHeaders = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
  answerHeaders: readonly Header[] = [],
): Header[] => {
  const ours = new Set(answerHeaders.map(([name]) => name));
  const limits = answerHeaders.some(([name]) => isRateLimit(name));
  const relayed: Header[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || dropped.has(name)) continue;
    if (ours.has(name) || (limits && isRateLimit(name))) continue;
    if (typeof value === 'string') relayed.push([name, value]);
    else for (const one of value) relayed.push([name, one]);
  }
  relayed.push(...answerHeaders);
  return relayed;
};
