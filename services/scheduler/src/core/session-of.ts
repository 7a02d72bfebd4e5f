import { affinitySourceOf, type EnvelopeMeta, type UpstreamConfig } from '@weir/contracts';

/** Id of the key of a caller who has none. */
const anonymous = '_';

/**
 * What a request has in common with the others of its session. Undefined when it has no session: the upstream knows
 * none, its client named none, or nobody knows who is calling.
 */
export const sessionOf = (
  { client, principal }: Pick<EnvelopeMeta, 'client' | 'principal'>,
  { affinity }: Pick<UpstreamConfig, 'affinity'>,
): string | undefined => {
  if (!affinity) return undefined;
  const source = affinitySourceOf(affinity);
  if (source !== undefined) return client.sessions?.[source];
  if (!principal || principal.key === anonymous) return undefined;
  return `${principal.org}/${principal.team}/${principal.key}`;
};
