import { type AttemptOutcome, type ErrorReason, errorReasons, type WireError } from '@weir/contracts';
import type { ReplyWriter } from '@weir/messaging';
import type { Span } from '@weir/runtime';
import type { Dispatcher } from 'undici';
import { AnswerGate } from '../core/answer-gate.ts';
import { decideResponse, isRetryable } from '../core/decide-response.ts';
import { createPassTap } from '../core/json-tap.ts';
import type { LoadTicket } from '../core/load-tracker.ts';
import type { ResponseTap } from '../core/response-tap.ts';
import { classifyFailure } from '../upstream/classify-failure.ts';
import { toRelayedHeaders } from '../upstream/response-headers.ts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';
import { handBackToScheduler, openReply } from './attempt-reply.ts';
import { type AttemptUsage, createAttemptUsage, toUsageFrame } from './attempt-usage.ts';
import { failureMessage } from './failure-message.ts';
import { callUpstream, selectTap, streamsEvents } from './upstream-exchange.ts';

type Controller = Dispatcher.DispatchController;

/** One attempt at one target, from the call to the last byte and the final usage event. */
export class RunningAttempt implements Dispatcher.DispatchHandler {
  readonly input: AttemptInput;
  readonly startedAt: number;
  /** The upstream call is over and settled. What it said may still wait for the client's credit. */
  finished = false;
  #deps: AttemptDeps;
  #onGone: (attempt: RunningAttempt) => void;
  #writer: ReplyWriter;
  #gate: AnswerGate;
  #usage: AttemptUsage;
  #ticket: LoadTicket;
  #span: Span;
  #tap: ResponseTap = createPassTap();
  #controller: Controller | undefined;
  #status: number | undefined;
  #providerRequestId: string | undefined;
  #firstByteAt: number | undefined;
  #relaying = false;
  #ended = false;
  #discarding = false;
  #accounted = false;

  constructor(deps: AttemptDeps, input: AttemptInput, onGone: (attempt: RunningAttempt) => void) {
    this.#deps = deps;
    this.input = input;
    this.#onGone = onGone;
    this.startedAt = deps.now();
    const { meta, upstream } = input;
    this.#writer = openReply(deps, meta, {
      drain: () => this.#controller?.resume(),
      closed: () => this.#leaveWhenDone(),
    });
    this.#gate = new AnswerGate(this.#writer);
    this.#usage = createAttemptUsage(deps, input, this.#writer.tag, this.startedAt);
    this.#span = deps.tracer.start(`${meta.api} ${meta.model}`, {
      kind: 'client',
      ...(meta.trace === undefined ? {} : { parent: meta.trace }),
      attributes: { 'weir.upstream': upstream.name, 'weir.target': meta.attempt.target },
    });
    const { scheduler, dispatch, target, reservedTokens } = meta.attempt;
    this.#ticket = deps.load.take({
      pool: upstream.name,
      target,
      tokens: reservedTokens,
      scheduler,
      dispatch,
    });
  }

  get tag(): number {
    return this.#writer.tag;
  }

  get requestId(): string {
    return this.input.meta.id;
  }

  /** Tells the ingress that this attempt is taken. Also the answer to the same request submitted again. */
  accept(): void {
    const { number, upstream, target } = this.input.meta.attempt;
    this.#writer.accept({ instance: this.#deps.instance, attempt: number, upstream, target });
  }

  start(): void {
    this.accept();
    // The intent is stored while the upstream is already at work; the gate waits for both.
    this.#usage
      .announce()
      .then((result) => {
        if (result.outcome === 'refused') this.fail('metering_unavailable');
        else if (this.#gate.acknowledge()) this.#afterOpening();
      })
      .catch((error) => this.#crash(error));
    try {
      callUpstream(this.#deps, this.input, this);
    } catch (error) {
      this.#crash(error);
    }
  }

  grant(bytes: number, frames: number): void {
    this.#writer.grant(bytes, frames);
  }

  /** Shows the ingress that the stream goes on, after the bus was away. */
  ping(): void {
    this.#writer.ping();
  }

  /** Nobody waits for the answer any more. */
  cancel(why: ErrorReason): void {
    if (this.finished) return this.#writer.abandon();
    if (
      this.input.upstream.config.onDisconnect === 'drain' &&
      why === 'client_disconnected' &&
      this.#relaying
    ) {
      this.#discarding = true;
      this.#writer.abandon();
      this.#controller?.resume();
      return;
    }
    this.#writer.abandon();
    this.#finish('client_cancelled', why);
  }

  /** Looks at the clock: deadline, silence, an intent that is not acknowledged. Called about each 250 ms. */
  tick(now: number): void {
    if (now >= this.input.meta.deadline) this.#expire();
    else if (this.finished) this.#writer.tick();
    else if (this.#gate.waitsForIntent && now - this.startedAt > this.#deps.intentTimeoutMs) {
      this.fail('metering_unavailable');
    } else this.#writer.tick();
  }

  /** Ends the attempt with an error, or gives it back for another attempt where that can still help. */
  fail(reason: ErrorReason, detail?: string): void {
    if (this.finished) return;
    this.#deps.metrics.failed(this.input.upstream.name, reason);
    const { remaining, number } = this.input.meta.attempt;
    const untouched = !this.#gate.isOpen && !this.#discarding;
    if (untouched && remaining > 0 && isRetryable(reason)) {
      this.#writer.handBack({ attempt: number, reason });
      this.#finish('provider_error', reason);
      handBackToScheduler(this.#deps, this.input, reason);
      return;
    }
    const message = detail ?? failureMessage(reason);
    // After attempts of our own, the client's would only multiply them.
    const mayRetry = untouched && number === 1 && reason !== 'upstream_credentials';
    const error: WireError = { reason, message, ...(mayRetry ? {} : { shouldRetry: false }) };
    this.#writer.fail(error);
    this.#finish(errorReasons[reason].code === 'deadline_exceeded' ? 'timeout' : 'provider_error', reason);
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.finished) controller.abort(new Error('the attempt is over'));
  }

  onResponseStart(
    _controller: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.finished || status < 200) return;
    this.#status = status;
    const { meta, upstream } = this.input;
    this.#deps.metrics.answered(upstream.name, status);
    const requestId = headers[upstream.provider.requestIdHeader];
    if (typeof requestId === 'string') this.#providerRequestId = requestId;
    const { remaining, alternatives } = meta.attempt;
    const verdict = decideResponse({ status, remaining, alternatives });
    if (verdict.verdict === 'retry') return this.#giveBack(verdict.reason);
    if (verdict.verdict === 'refuse') return this.fail(verdict.reason);
    this.#relaying = true;
    this.#tap = selectTap(this.input, status, headers);
    this.#gate.begin({ status, headers: toRelayedHeaders(headers) }, streamsEvents(status, headers));
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.finished || !this.#relaying) return;
    this.#noteFirstByte();
    const output = this.#tap.push(chunk);
    if (this.#tap.broken) return this.fail('upstream_malformed');
    if (this.#tap.failedAtStart) return this.#answerEarlyFailure();
    if (!this.#discarding && !this.#gate.write(output)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.finished || !this.#relaying) return;
    const { rest, complete } = this.#tap.finish();
    if (this.#tap.broken) return this.fail('upstream_malformed');
    if (this.#tap.failedAtStart) return this.#answerEarlyFailure();
    if (!complete) return this.fail('upstream_truncated');
    this.#ended = true;
    if (this.#discarding) return this.#finish('client_cancelled', 'client_disconnected');
    this.#gate.write(rest);
    if (this.#gate.complete()) this.#complete();
  }

  onResponseError(_controller: Controller, error: Error): void {
    // Our own abort after an early failure comes back as an error too.
    if (this.finished || this.#ended) return;
    this.#deps.logger.debug({ err: error, request: this.requestId }, 'upstream call failed');
    this.fail(classifyFailure(error));
  }

  /** A status that another attempt may better: its own answer is of no interest. */
  #giveBack(reason: ErrorReason): void {
    const { remaining, number } = this.input.meta.attempt;
    if (remaining === 0) return this.fail(reason);
    this.#deps.metrics.failed(this.input.upstream.name, reason);
    this.#writer.handBack({ attempt: number, reason });
    this.#finish('provider_error', reason);
    handBackToScheduler(this.#deps, this.input, reason);
  }

  /** A 200 whose first event is an error becomes the status that it should have had. */
  #answerEarlyFailure(): void {
    const failure = this.#tap.failedAtStart;
    if (!failure) return;
    const { remaining, alternatives } = this.input.meta.attempt;
    const verdict = decideResponse({ status: failure.status, remaining, alternatives });
    if (verdict.verdict === 'retry') return this.#giveBack(verdict.reason);
    if (verdict.verdict === 'refuse') return this.fail(verdict.reason);
    this.#status = failure.status;
    this.#ended = true;
    this.#tap = createPassTap();
    this.#gate.begin({ status: failure.status, headers: [['content-type', 'application/json']] }, false);
    this.#gate.write([Buffer.from(failure.body)]);
    if (this.#gate.complete()) this.#complete();
    this.#controller?.abort(new Error('the upstream answered with an error'));
  }

  #noteFirstByte(): void {
    if (this.#firstByteAt !== undefined) return;
    this.#firstByteAt = this.#deps.now();
    this.#ticket.firstByte();
    this.#deps.metrics.firstByte(this.input.upstream.name, this.#firstByteAt - this.startedAt);
  }

  #afterOpening(): void {
    if (this.finished) return;
    if (this.#ended) this.#complete();
    else this.#controller?.resume();
  }

  #complete(): void {
    const status = this.#status ?? 0;
    // An error within the stream has reached the client as it came; it is the provider's failure all the same.
    const failed = status >= 400 || !this.#tap.report.final;
    const outcome: AttemptOutcome = failed ? 'provider_error' : 'completed';
    this.#writer.usage(toUsageFrame(this.#usage.settlementOf(this.#tap.report, this.#status)));
    this.#writer.end();
    this.#finish(outcome, failed ? 'upstream_error' : undefined);
  }

  #crash(error: unknown): void {
    this.#deps.logger.error({ err: error, request: this.requestId }, 'attempt crashed');
    this.fail('bug');
  }

  #finish(outcome: AttemptOutcome, reason: string | undefined): void {
    if (this.finished) return;
    this.finished = true;
    this.#ticket.release();
    if (!this.#ended) this.#controller?.abort(new Error(`attempt ${outcome}`));
    // When many clients go at once, their upstream calls are stopped first and accounted for after.
    if (outcome === 'client_cancelled') this.#deps.later(() => this.#account(outcome, reason));
    else this.#account(outcome, reason);
  }

  #account(outcome: AttemptOutcome, reason: string | undefined): void {
    this.#usage.settle({
      outcome,
      reason,
      report: this.#tap.report,
      status: this.#status,
      providerRequestId: this.#providerRequestId,
      firstByteAt: this.#firstByteAt,
      deliveredBytes: this.#writer.writtenBytes,
    });
    this.#deps.metrics.ended(this.input.upstream.name, outcome, this.#deps.now() - this.startedAt);
    this.#span.end(reason === undefined ? {} : { error: reason });
    this.#accounted = true;
    this.#leaveWhenDone();
  }

  #expire(): void {
    if (this.finished)
      this.#writer.fail({ reason: 'request_deadline', message: failureMessage('request_deadline') });
    else this.fail('request_deadline');
  }

  #leaveWhenDone(): void {
    if (this.#accounted && this.#writer.closed) this.#onGone(this);
  }
}
