import type { AttemptOutcome, ErrorReason, PastAttempts, UsageFrame } from '@weir/contracts';
import { type CommitResult, endHold } from '@weir/messaging';
import type { Span } from '@weir/runtime';
import type { Late } from '../core/decide-failure.ts';
import { learnQuota } from '../core/learn-quota.ts';
import type { LoadTicket } from '../core/load-tracker.ts';
import type { OutcomeTicket } from '../core/outcome-counter.ts';
import type { TapReport } from '../core/response-tap.ts';
import type { TargetOutcomeTicket } from '../core/target-outcomes.ts';
import type { PaceTicket } from '../core/target-paces.ts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';
import { type AttemptUsage, createAttemptUsage } from './attempt-usage.ts';

/** How an attempt ended. */
export interface AttemptEnd {
  readonly outcome: AttemptOutcome;
  readonly reason: string | undefined;
  /** The request goes on as another attempt. */
  readonly handedBack: boolean;
}

/** What one attempt tells the world of itself: its load, its usage, its place in policy's limits, metrics and a span. */
export class AttemptAccount {
  readonly startedAt: number;
  status: number | undefined;
  #deps: AttemptDeps;
  #input: AttemptInput;
  #usage: AttemptUsage;
  #ticket: LoadTicket;
  #pace: PaceTicket;
  #health: TargetOutcomeTicket;
  #outcome: OutcomeTicket | undefined;
  #span: Span;
  #called = false;
  #providerRequestId: string | undefined;
  #firstByteAt: number | undefined;

  constructor(deps: AttemptDeps, input: AttemptInput, run: string) {
    this.#deps = deps;
    this.#input = input;
    this.startedAt = deps.now();
    this.#usage = createAttemptUsage(deps, input, run, this.startedAt);
    const { meta, upstream } = input;
    this.#span = deps.tracer.start(`${meta.api} ${meta.model}`, {
      kind: 'client',
      ...(meta.trace === undefined ? {} : { parent: meta.trace }),
      attributes: { 'weir.upstream': upstream.name, 'weir.target': meta.attempt.target },
    });
    this.#outcome = deps.outcomes?.begin(meta.route, upstream.name, this.startedAt);
    const { scheduler, dispatch, target, reservedTokens } = meta.attempt;
    this.#ticket = deps.load.take({
      pool: upstream.name,
      target,
      tokens: reservedTokens,
      scheduler,
      dispatch,
    });
    const answersAtOnce = meta.stream || meta.api === 'openai.embeddings';
    this.#health = deps.targetOutcomes.take(upstream.name, target);
    this.#pace = deps.paces.take({ pool: upstream.name, target, tokens: reservedTokens, answersAtOnce });
  }

  /** Stores the intent. */
  announce(): Promise<CommitResult> {
    return this.#usage.announce();
  }

  /** The request goes out to the upstream. */
  called(): void {
    this.#called = true;
    this.#pace.called(this.#deps.now());
  }

  answered(
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    retryAfterMs?: number,
  ): void {
    const { name, provider, config } = this.#input.upstream;
    this.status = status;
    // Of a success the first byte is awaited: a head alone may be all that comes.
    if (status >= 300) this.#health.answered(status);
    if (config.providerQuota === 'respect') {
      const now = this.#deps.now();
      const told = provider.toQuota(headers, now);
      const quota = learnQuota({ told, status, retryAfterMs, now });
      if (quota) this.#deps.load.learn(name, this.#input.meta.attempt.target, quota);
    }
    this.#deps.metrics.answered(name, status);
    const requestId = headers[provider.requestIdHeader];
    if (typeof requestId === 'string') this.#providerRequestId = requestId;
  }

  /** `isAnswer`: false when all it says is that something went wrong, whatever its status. */
  firstByte(isAnswer: boolean): void {
    if (this.#firstByteAt !== undefined) return;
    this.#firstByteAt = this.#deps.now();
    this.#ticket.firstByte();
    if (isAnswer && this.status !== undefined) this.#health.answered(this.status);
    this.#pace.firstByte({ succeeded: isAnswer && (this.status ?? 0) < 300 }, this.#firstByteAt);
    this.#outcome?.firstByte(this.#firstByteAt);
    this.#deps.metrics.firstByte(this.#input.upstream.name, this.#firstByteAt - this.startedAt);
  }

  /** Looks at the clock. */
  tick(now: number): void {
    this.#outcome?.tick(now);
  }

  failed(reason: ErrorReason, late?: Late): void {
    this.#deps.metrics.failed(this.#input.upstream.name, reason);
    if (late === 'attempts' && this.#isCutShort()) return;
    const isTimeOver = reason === 'request_deadline' || reason === 'upstream_timeout';
    const isSilent = isTimeOver && this.#called && this.#firstByteAt === undefined;
    this.#health.failed(isSilent ? 'first_byte_timeout' : reason);
  }

  /** Attempts before this one had a part of the time for all of them: its target may be as quick as any. */
  #isCutShort(): boolean {
    const { number, past } = this.#input.meta.attempt;
    return number > 1 || past !== undefined;
  }

  usageFrame(report: TapReport): UsageFrame {
    return this.#usage.frame(report, this.status);
  }

  /** The call is over: somebody else may have its place, at the target and within a limit. */
  release({ handedBack, outcome, reason }: AttemptEnd): void {
    this.#ticket.release();
    this.#pace.end(this.#deps.now());
    this.#outcome?.ended({ outcome, reason, status: this.status });
    const { meta } = this.#input;
    if (!meta.grant.held || handedBack) return;
    // Not called, it has used nothing, and perhaps not even the intent was stored: then no account will ever end the hold.
    if (this.#called) this.#deps.holds.finish(meta.id);
    else endHold(this.#deps.holds, meta);
  }

  /** For the scheduler, when the request goes back to it: this one has an account, too. */
  get past(): PastAttempts {
    const { accounts, called } = this.#input.meta.attempt.past ?? { accounts: 0, called: false };
    return { accounts: accounts + 1, called: called || this.#called };
  }

  /** Stores what was used. */
  close(end: AttemptEnd, report: TapReport, deliveredBytes: number): void {
    const { status } = this;
    const providerRequestId = this.#providerRequestId;
    this.#usage.settle({
      ...end,
      report,
      status,
      called: this.#called,
      providerRequestId,
      firstByteAt: this.#firstByteAt,
      deliveredBytes,
    });
    const { outcome, reason } = end;
    this.#deps.metrics.ended(this.#input.upstream.name, outcome, this.#deps.now() - this.startedAt);
    this.#span.end(reason === undefined ? {} : { error: reason });
  }
}
