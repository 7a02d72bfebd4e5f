import {
  type Attempt,
  type AttemptFailure,
  type EnvelopeMeta,
  encodeEnvelope,
  subjects,
} from '@weir/contracts';
import { createReplyWriter, type ReplyWriter } from '@weir/messaging';
import type { HandBack } from '../core/decide-failure.ts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';

/** Runs work later; 0 means at the end of this tick, where everything of one read is together. */
const schedule = (delayMs: number, work: () => void): (() => void) => {
  if (delayMs > 0) {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  }
  let wanted = true;
  queueMicrotask(() => {
    if (wanted) work();
  });
  return () => {
    wanted = false;
  };
};

/** The reply stream of one attempt, on the bus. */
export const openReply = (
  deps: AttemptDeps,
  meta: EnvelopeMeta,
  on: { drain: () => void; closed: () => void },
): ReplyWriter => {
  const tag = deps.newTag();
  const probeSubject = subjects.control(deps.instance, tag);
  return createReplyWriter({
    tag,
    publish: (packet, probe) => deps.bus.publish(meta.replyTo, packet, probe ? probeSubject : undefined),
    now: deps.now,
    schedule,
    onDrain: on.drain,
    onClosed: on.closed,
  });
};

export const toAttemptFailure = (
  { isFinal, trigger }: HandBack,
  status: number | undefined,
  retryAfterMs: number | undefined,
): AttemptFailure => ({
  ...(status === undefined ? {} : { status }),
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  ...(trigger === undefined ? {} : { trigger }),
  ...(isFinal ? { isFinal } : {}),
});

/** Gives the request back to the schedulers, with what was learned. */
export const handBackToScheduler = (
  deps: AttemptDeps,
  input: AttemptInput,
  reason: string,
  learned: Pick<Attempt, 'failure' | 'past'> = {},
): void => {
  const { meta, body } = input;
  const { upstream, target, excluded } = meta.attempt;
  const failed = `${upstream}/${target}`;
  const attempt = {
    ...meta.attempt,
    lastFailure: reason,
    excluded: excluded.includes(failed) ? excluded : [...excluded, failed],
    ...learned,
  };
  const hop = subjects.hop(deps.instance, 'scheduler', meta.ingress, meta.id);
  deps.bus.publish(subjects.schedule, encodeEnvelope({ ...meta, attempt }, body), hop);
};
