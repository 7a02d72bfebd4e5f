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

/** The upstream's headers as they travel to the client. */
export const toRelayedHeaders = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
): [string, string][] => {
  const relayed: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || dropped.has(name)) continue;
    if (typeof value === 'string') relayed.push([name, value]);
    else for (const one of value) relayed.push([name, one]);
  }
  return relayed;
};
