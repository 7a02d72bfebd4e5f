import type { EnvelopeMeta, HeaderRulesConfig, UpstreamConfig } from '@weir/contracts';
import { matchesPattern } from '@weir/routing';
import type { Provider } from '../providers/provider.ts';

/** Headers of the upstream request: what always travels, what the configuration adds, and our credential. */
export const toUpstreamHeaders = (input: {
  readonly meta: Pick<EnvelopeMeta, 'id' | 'client' | 'attempt' | 'modelHeader'>;
  /** Tells two runs of one attempt apart. */
  readonly run: string;
  readonly provider: Provider;
  readonly upstream: UpstreamConfig;
  readonly rules: HeaderRulesConfig | undefined;
  readonly credential: string | undefined;
  readonly bodyBytes: number;
}): Record<string, string> => {
  const { meta, run, provider, upstream, rules, credential, bodyBytes } = input;
  const headers: Record<string, string> = {
    ...provider.defaultHeaders,
    'user-agent': 'weir/0.1',
  };
  if (bodyBytes > 0) headers['content-type'] = meta.client.headers['content-type'] ?? 'application/json';
  for (const [name, value] of Object.entries(meta.client.headers)) {
    const travels =
      provider.forwardHeaders.includes(name) ||
      upstream.forwardHeaders.some((pattern) => matchesPattern(pattern, name));
    if (travels) headers[name] = value;
  }
  if (meta.modelHeader !== undefined && meta.attempt) headers[meta.modelHeader] = meta.attempt.model;
  headers['x-request-id'] = meta.id;
  // With it the provider's log of calls can be joined with usage events.
  headers['x-weir-attempt'] = `${meta.attempt?.number ?? 1}.${run}`;
  // The tap reads the bytes as they pass.
  headers['accept-encoding'] = 'identity';
  if (bodyBytes > 0) headers['content-length'] = String(bodyBytes);
  Object.assign(headers, rules?.set, provider.credentialHeaders(credential));
  for (const name of rules?.remove ?? []) delete headers[name];
  return headers;
};
