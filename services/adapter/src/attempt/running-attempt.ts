import { type AttemptOutcome, type ErrorReason, errorReasons, withAnswerHeaders } from '@weir/contracts';
import type { ReplyWriter } from '@weir/messaging';
import type { Dispatcher } from 'undici';
import { AnswerGate } from '../core/answer-gate.ts';
import { decideAnswer, decideNoAnswer, type HandBack, type Late } from '../core/decide-failure.ts';
import { createPassTap } from '../core/json-tap.ts';
import type { ResponseTap } from '../core/response-tap.ts';
import { UsageDrain } from '../core/usage-drain.ts';
import { classifyFailure } from '../upstream/classify-failure.ts';
import { toRelayedHeaders } from '../upstream/response-headers.ts';
import { toRetryAfterMs } from '../upstream/retry-after.ts';
import { AttemptAccount, type AttemptEnd } from './attempt-account.ts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';
import { handBackToScheduler, openReply, toAttemptFailure } from './attempt-reply.ts';
import { type CallWatch, watchCall } from './call-watch.ts';
import { failureMessage, toClientError } from './failure-message.ts';
import { callUpstream, selectTap, streamsEvents } from './upstream-exchange.ts';

type Controller = Dispatcher.DispatchController;

/** One attempt at one target, from the call to the last byte and the final usage event. */
export class RunningAttempt implements Dispatcher.DispatchHandler {
  readonly input: AttemptInput;
  /** The upstream call is over and settled. What it said may still wait for the client's credit. */
  finished = false;
  #deps: AttemptDeps;
  #onGone: (attempt: RunningAttempt) => void;
  #writer: ReplyWriter;
  #gate: AnswerGate;
  #account: AttemptAccount;
  #tap: ResponseTap = createPassTap();
  #controller: Controller | undefined;
  /** The intent is stored, and the upstream was called. */
  #called = false;
  #relaying = false;
  #ended = false;
  #retryAfterMs: number | undefined;
  #watch: CallWatch | undefined;
  #drain: UsageDrain;
  #accounted = false;

  constructor(deps: AttemptDeps, input: AttemptInput, onGone: (attempt: RunningAttempt) => void) {
    this.#deps = deps;
    this.input = input;
    this.#onGone = onGone;
    this.#writer = openReply(deps, input.meta, {
      drain: () => this.#controller?.resume(),
      closed: () => this.#leaveWhenDone(),
    });
    this.#gate = new AnswerGate(this.#writer);
    this.#drain = new UsageDrain(deps.drains, deps.drainLimitMs);
    this.#account = new AttemptAccount(deps, input, this.run);
  }

  get tag(): number {
    return this.#writer.tag;
  }

  /** Tells two runs of one attempt apart. */
  get run(): string {
    return this.tag.toString(36);
  }

  /** Its ingress may still have an answer from it. One that is read for its usage alone says nothing more. */
  get isAnswering(): boolean {
    return !this.finished && !this.#writer.closed;
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
    // No provider is called before the intent is stored: whatever dies then, the call is known.
    this.#account
      .announce()
      .then((result) => {
        if (result.outcome === 'refused') this.fail('metering_unavailable');
        else this.#call();
      })
      .catch((error) => this.#crash(error));
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
    this.#writer.abandon();
    if (this.finished || (why === 'client_disconnected' && this.#beginDrain())) return;
    this.#finish({ outcome: 'client_cancelled', reason: why });
  }

  /** Looks at the clock: deadline, silence, an intent that is not acknowledged. Called about each 250 ms. */
  tick(now: number): void {
    this.#account.tick(now);
    if (now >= this.input.meta.deadline) this.#expire();
    else if (this.finished) this.#writer.tick();
    else if (this.#drain.isOn) {
      if (this.#drain.isOver(now)) this.#leaveDrain();
    } else if (!this.#called && now - this.#account.startedAt > this.#deps.intentTimeoutMs) {
      this.fail('metering_unavailable');
    } else this.#writer.tick();
  }

  /** Ends the attempt with an error, or gives it back for another attempt where that can still help. */
  fail(reason: ErrorReason, late?: Late): void {
    if (this.finished) return;
    if (reason === 'draining' && this.#drain.isOn) return this.#leaveDrain();
    const { attempt } = this.input.meta;
    const untouched = !this.#gate.isOpen && !this.#drain.isOn;
    const verdict = decideNoAnswer(reason, attempt, late);
    if (untouched && verdict.verdict === 'hand-back') return this.#handBack(verdict);
    this.#account.failed(reason, late);
    this.#writer.fail(withAnswerHeaders(this.input.meta, toClientError(reason, attempt, untouched)));
    const expired = errorReasons[reason].code === 'deadline_exceeded';
    this.#finish({ outcome: expired ? 'timeout' : 'provider_error', reason });
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.finished) controller.abort(new Error('the attempt ended before its turn came'));
    else this.#account.called();
  }

  onResponseStart(
    _controller: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.finished || status < 200) return;
    if (status >= 400) this.#retryAfterMs = toRetryAfterMs(headers, this.#deps.now());
    this.#account.answered(status, headers, this.#retryAfterMs);
    if (!this.#accepts(status)) return;
    this.#relaying = true;
    this.#tap = selectTap(this.input, status, headers);
    const head = { status, headers: toRelayedHeaders(headers, this.input.meta.answerHeaders) };
    this.#gate.begin(head, streamsEvents(status, headers));
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.finished || !this.#relaying) return;
    this.#watch?.firstByte();
    const output = this.#tap.push(chunk);
    this.#account.firstByte(!this.#tap.broken && this.#tap.failedAtStart === undefined);
    if (this.#tap.broken) return this.fail('upstream_malformed');
    if (this.#tap.failedAtStart) return this.#answerEarlyFailure();
    if (!this.#drain.isOn && !this.#gate.write(output)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.finished || !this.#relaying) return;
    const { rest, complete } = this.#tap.finish();
    if (this.#tap.broken) return this.fail('upstream_malformed');
    if (this.#tap.failedAtStart) return this.#answerEarlyFailure();
    if (!complete) return this.fail('upstream_truncated');
    this.#ended = true;
    if (this.#drain.isOn) return this.#leaveDrain();
    this.#gate.write(rest);
    if (this.#gate.complete()) this.#complete();
  }

  onResponseError(_controller: Controller, error: Error): void {
    // Our own abort after an early failure comes back as an error too.
    if (this.finished || this.#ended) return;
    this.#deps.logger.debug({ err: error, request: this.requestId }, 'upstream call failed');
    this.fail(classifyFailure(error));
  }

  /** False when the status ends the attempt: its own answer is of no interest then. */
  #accepts(status: number): boolean {
    const { attempt, deadline } = this.input.meta;
    const verdict = decideAnswer({
      status,
      // Of one that is read on nobody waits for another attempt.
      chances: this.#drain.isOn ? { remaining: 0, alternatives: 0 } : attempt,
      retryAfterMs: this.#retryAfterMs,
      leftMs: Math.min(deadline, attempt.answerBy ?? deadline) - this.#deps.now(),
    });
    if (verdict.verdict === 'hand-back') this.#handBack(verdict, status);
    else if (verdict.verdict === 'refuse') this.fail(verdict.reason);
    return verdict.verdict === 'relay';
  }

  #handBack(verdict: HandBack, status?: number): void {
    const { reason } = verdict;
    this.#account.failed(reason);
    this.#writer.handBack({ attempt: this.input.meta.attempt.number, reason });
    this.#finish({ outcome: 'provider_error', reason, handedBack: true });
    const failure = toAttemptFailure(verdict, status, this.#retryAfterMs);
    handBackToScheduler(this.#deps, this.input, reason, { failure, past: this.#account.past });
  }

  /** A 200 whose first event is an error becomes the status that it should have had. */
  #answerEarlyFailure(): void {
    const failure = this.#tap.failedAtStart;
    if (!failure || !this.#accepts(failure.status)) return;
    this.#account.status = failure.status;
    this.#ended = true;
    this.#tap = createPassTap();
    const headers = toRelayedHeaders({ 'content-type': 'application/json' }, this.input.meta.answerHeaders);
    this.#gate.begin({ status: failure.status, headers }, false);
    this.#gate.write([Buffer.from(failure.body)]);
    if (this.#gate.complete()) this.#complete();
    this.#controller?.abort(new Error('the upstream answered with an error'));
  }

  #call(): void {
    if (this.finished) return;
    this.#called = true;
    const { meta, upstream } = this.input;
    const limits = { ...meta.attempt, totalMs: upstream.config.timeouts.totalMs };
    this.#watch = watchCall(limits, this.#deps.now(), (late) => this.#beLate(late));
    callUpstream(this.#deps, this.input, this.run, this);
  }

  #beLate(late: Late): void {
    const isWhole = late === 'call';
    try {
      // Whoever reads the answer for its usage alone has no other attempt to make.
      if (this.#drain.isOn && isWhole) this.#leaveDrain();
      else if (!this.#drain.isOn) this.fail(isWhole ? 'upstream_timeout' : 'first_byte_timeout', late);
    } catch (error) {
      this.#crash(error);
    }
  }

  #complete(): void {
    const status = this.#account.status ?? 0;
    const { report } = this.#tap;
    // An error within the stream has reached the client as it came; it is the provider's failure all the same.
    const failed = status >= 400 || !report.final;
    this.#writer.usage(this.#account.usageFrame(report));
    this.#writer.end();
    const reason = failed ? 'upstream_error' : undefined;
    this.#finish({ outcome: failed ? 'provider_error' : 'completed', reason });
  }

  /** The provider bills for the whole answer to what went out, so it is read to where it says how much that was. */
  #beginDrain(): boolean {
    if (this.#drain.isOn) return true;
    if (this.input.upstream.config.onDisconnect !== 'drain' || !this.#controller || this.#ended) return false;
    if (!this.#drain.begin(this.#deps.now())) return false;
    this.#controller.resume();
    return true;
  }

  /** Read to its end, or for long enough: what is known by now is what is billed. */
  #leaveDrain(): void {
    this.#finish({ outcome: 'client_cancelled', reason: 'client_disconnected' });
  }

  #crash(error: unknown): void {
    this.#deps.logger.error({ err: error, request: this.requestId }, 'attempt crashed');
    this.fail('bug');
  }

  #finish(ending: { outcome: AttemptOutcome; reason: string | undefined; handedBack?: true }): void {
    if (this.finished) return;
    this.finished = true;
    this.#watch?.end();
    const end: AttemptEnd = { handedBack: false, ...ending };
    this.#account.release(end);
    this.#drain.end();
    if (!this.#ended) this.#controller?.abort(new Error(`attempt ${end.outcome}`));
    // First the answer leaves, and where many clients go at once their upstream calls are stopped; then it is accounted for.
    this.#deps.later(() => this.#settle(end));
  }

  #settle(end: AttemptEnd): void {
    this.#account.close(end, this.#tap.report, this.#writer.writtenBytes);
    this.#accounted = true;
    this.#leaveWhenDone();
  }

  #expire(): void {
    if (this.finished)
      this.#writer.fail({ reason: 'request_deadline', message: failureMessage('request_deadline') });
    else if (this.#drain.isOn) this.#leaveDrain();
    else this.fail('request_deadline');
  }

  #leaveWhenDone(): void {
    if (this.#accounted && this.#writer.closed) this.#onGone(this);
  }
}
