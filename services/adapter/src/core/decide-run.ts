import { type EnvelopeMeta, grantText, type WireError } from '@weir/contracts';

type Granted = EnvelopeMeta & Required<Pick<EnvelopeMeta, 'principal' | 'grant' | 'attempt'>>;

/** Whether this instance runs an envelope. */
export type RunDecision =
  | { readonly decision: 'run'; readonly meta: Granted }
  /** It runs already: the ingress submitted it once more. */
  | { readonly decision: 'known' }
  /** This instance will not, another may. */
  | { readonly decision: 'elsewhere'; readonly reason: 'draining' | 'saturated' }
  /** `granted`: the grant is policy's own. */
  | { readonly decision: 'refuse'; readonly error: WireError; readonly granted: boolean };

const refuse = (
  reason: WireError['reason'],
  message: string,
  granted = reason !== 'no_grant',
): RunDecision => ({
  decision: 'refuse',
  error: { reason, message, shouldRetry: false },
  granted,
});

const isComplete = (meta: EnvelopeMeta): meta is Granted =>
  meta.principal !== undefined && meta.grant !== undefined && meta.attempt !== undefined;

/** No request reaches a provider without a grant from policy (P1). */
export const decideRun = (input: {
  readonly meta: EnvelopeMeta;
  readonly now: number;
  readonly draining: boolean;
  readonly full: boolean;
  readonly running: boolean;
  readonly verify: (text: string, mac: string) => boolean;
}): RunDecision => {
  const { meta, now } = input;
  if (!isComplete(meta)) return refuse('no_grant', 'The request came without a grant.');
  if (!input.verify(grantText(meta, meta.principal, meta.grant), meta.grant.mac)) {
    return refuse('no_grant', 'The grant of the request is not valid.');
  }
  // What it holds was reckoned for other upstreams. A scheduler that is older than such grants does not know that.
  if (meta.grant.fallback !== undefined && meta.attempt.fallback === undefined) {
    return refuse('no_grant', 'The grant is for the fallback upstreams of the route alone.', true);
  }
  if (now >= meta.deadline || now >= meta.grant.expiresAt) {
    return refuse('request_deadline', 'The request ran out of time before it was begun.');
  }
  if (input.running) return { decision: 'known' };
  if (input.draining) return { decision: 'elsewhere', reason: 'draining' };
  if (input.full) return { decision: 'elsewhere', reason: 'saturated' };
  return { decision: 'run', meta };
};
