import {
  busyTarget,
  decodeEnvelope,
  type Envelope,
  type EnvelopeMeta,
  errorPacket,
  type WireError,
  withAnswerHeaders,
} from '@weir/contracts';
import { type BusMessage, endHold } from '@weir/messaging';
import type { GrantSigner } from '@weir/runtime';
import type { AttemptDeps, LiveUpstream } from '../attempt/attempt-deps.ts';
import { handBackToScheduler } from '../attempt/attempt-reply.ts';
import type { AttemptTable } from '../attempt/attempt-table.ts';
import { estimateCount } from '../attempt/estimate-count.ts';
import { RunningAttempt } from '../attempt/running-attempt.ts';
import { decideRun } from '../core/decide-run.ts';
import type { IngressWatch } from '../core/ingress-watch.ts';

export interface RunAttemptDeps {
  readonly attempt: AttemptDeps;
  readonly table: AttemptTable;
  readonly ingresses: IngressWatch;
  readonly signer: GrantSigner;
  readonly upstreamOf: (name: string) => LiveUpstream | undefined;
  readonly isDraining: () => boolean;
  readonly capacity: number;
  /** A target of this pool is at its limit, and the schedulers did not know. */
  readonly onBusy: (pool: string) => void;
}

const answerError = (deps: AttemptDeps, meta: EnvelopeMeta, error: WireError): void =>
  deps.bus.publish(meta.replyTo, errorPacket(withAnswerHeaders(meta, error)));

/** By our own count, which is exact where a worker's agent is the only way to its target. */
const isAtLimit = ({ attempt }: RunAttemptDeps, { name, config }: LiveUpstream, target: string): boolean =>
  config.maxRequestsPerTarget !== undefined &&
  attempt.load.running(name, target) >= config.maxRequestsPerTarget;

const isPoolFull = (
  { attempt }: RunAttemptDeps,
  { name, config, client }: LiveUpstream,
  target: string,
): boolean => {
  const { maxConnections, pipelining, maxPending } = config.connectionPool;
  const most = maxConnections * pipelining + maxPending;
  // Counted from here on: what waits for its intent is not at the pool of connections yet, and will be. What was
  // cancelled while it waited for a connection is there still.
  return attempt.load.running(name, target) >= most || client.waiting(target) >= most;
};

const run = (deps: RunAttemptDeps, envelope: Envelope, meta: RunningAttempt['input']['meta']): void => {
  const upstream = deps.upstreamOf(meta.attempt.upstream);
  // A revision of the configuration arrives here and at the schedulers at different times.
  if (!upstream?.config.targets.some(({ name }) => name === meta.attempt.target)) {
    const message = `This adapter does not know the target ${meta.attempt.upstream}/${meta.attempt.target}.`;
    return answerError(deps.attempt, meta, { reason: 'no_target', message, resubmit: true });
  }
  // The message's buffer is reused; the attempt lives longer.
  const input = { meta, body: envelope.body.slice(), upstream };
  if (isPoolFull(deps, upstream, meta.attempt.target)) {
    return handBackToScheduler(deps.attempt, input, 'saturated');
  }
  if (isAtLimit(deps, upstream, meta.attempt.target)) {
    // The numbers travel ahead of the request, so that the next target is chosen by them.
    deps.onBusy(upstream.name);
    return handBackToScheduler(deps.attempt, input, busyTarget);
  }
  deps.ingresses.seen(meta.ingress, deps.attempt.now());
  if (estimateCount(deps.attempt, input)) return endHold(deps.attempt.holds, meta);
  const attempt = new RunningAttempt(deps.attempt, input, (gone) => deps.table.remove(gone));
  deps.table.add(attempt);
  attempt.start();
};

/** `weir.v1.run.<instance>`: takes an attempt, or says at once why not. */
export const createRunHandler =
  (deps: RunAttemptDeps) =>
  (message: BusMessage): void => {
    const decoded = decodeEnvelope(message.data);
    if (decoded.outcome === 'malformed') {
      deps.attempt.logger.error({ problem: decoded.problem }, 'malformed envelope');
      return;
    }
    const { envelope } = decoded;
    const { meta } = envelope;
    if (meta.attempt) deps.attempt.load.seen(meta.attempt.scheduler, meta.attempt.dispatch);
    const known = deps.table.ofRequest(meta.id);
    const decision = decideRun({
      meta,
      now: deps.attempt.now(),
      draining: deps.isDraining(),
      full: deps.table.size >= deps.capacity,
      running: known?.isAnswering ?? false,
      verify: deps.signer.verify,
    });
    if (decision.decision === 'run') run(deps, envelope, decision.meta);
    else if (decision.decision === 'known') known?.accept();
    else if (decision.decision === 'refuse') {
      answerError(deps.attempt, meta, decision.error);
      if (decision.granted) endHold(deps.attempt.holds, meta);
    } else answerError(deps.attempt, meta, elsewhere(decision.reason));
  };

/** Nothing was begun, so the ingress may submit the envelope again; the load reports keep it away from here. */
const elsewhere = (reason: 'draining' | 'saturated'): WireError => ({
  reason,
  message: `The adapter is ${reason}.`,
  resubmit: true,
});
