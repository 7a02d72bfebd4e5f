import type { Packet, WireError } from '@weir/contracts';
import { type Candidate, createReplyReader, type ReplyEvent, type ReplyReader } from '@weir/messaging/reply';
import type { Command } from './command.ts';
import { decideSilence, type Silence } from './decide-silence.ts';
import type { MeshLateness } from './mesh-lateness.ts';
import { adapterError, deadlineError, gapError, lostError, nobodyError } from './pending-errors.ts';
import type { RequestTiming } from './request-timing.ts';
import type { ResubmitBudget } from './resubmit-budget.ts';

export interface PendingInput {
  readonly timing: RequestTiming;
  readonly deadline: number;
  readonly budget: ResubmitBudget;
  readonly lateness: MeshLateness;
  readonly now: number;
}

type Stage = 'submitted' | 'backing-off' | 'queued' | 'accepted' | 'streaming' | 'abandoned' | 'done';

/**
 * One request between its submission and its last byte: which stage it is in, how long that may take, and
 * what to do when a message is lost, doubled or late. A machine: the clock is passed in, commands come out.
 */
export class PendingRequest {
  submission = 0;
  stage: Stage = 'submitted';
  readonly #given: PendingInput;
  #reader: ReplyReader = createReplyReader();
  #stageSince: number;
  /** Submitted for the first time of those that nothing has been heard of. */
  #unheardSince: number;
  #lastFrameAt: number;
  #backOffUntil = 0;
  #nobodySince = Number.NEGATIVE_INFINITY;
  #nobodyLastAt = Number.NEGATIVE_INFINITY;
  #nobodyTries = 0;
  #probationUntil: number | undefined;
  /** Policy may hold something for it, and no attempt is under way. */
  #isUntouched = false;
  /** An attempt was, or a submission was given up on without an answer and may be under way all the same. */
  #mayHaveBegun = false;
  #bound: Candidate | undefined;
  /** The scheduler at which it waits. */
  #queuedAt: string | undefined;

  constructor(input: PendingInput) {
    this.#given = input;
    this.#stageSince = input.now;
    this.#unheardSince = input.now;
    this.#lastFrameAt = input.now;
  }

  get candidates(): Candidate[] {
    return this.#reader.candidates();
  }

  /** Whether anything is left to wait for in what comes under this tag. */
  mayAnswer(tag: number): boolean {
    return this.#reader.mayAnswer(tag);
  }

  /** The client has taken a data frame of so many bytes. */
  consume(bytes: number): Command[] {
    return this.#reader.consume(bytes) ? this.#grant() : [];
  }

  packet(packet: Packet, now: number): Command[] {
    if (this.stage === 'done') return [];
    // Of one that was submitted again nobody knows which copy is heard.
    const isFirstWord = this.stage === 'submitted' && this.#stageSince === this.#unheardSince;
    if (isFirstWord) this.#given.lateness.note(now - this.#stageSince, now);
    const commands: Command[] = [];
    for (const event of this.#reader.push(packet)) this.#apply(event, now, commands);
    if (this.mayAnswer(packet.tag)) {
      this.#lastFrameAt = now;
      this.#probationUntil = undefined;
    }
    return commands;
  }

  tick(now: number): Command[] {
    if (this.stage === 'done') return [];
    if (now >= this.#given.deadline) return this.#fail(deadlineError);
    const inStageMs = now - this.#stageSince;
    const silentMs = now - this.#lastFrameAt;
    const { hopTimeoutMs, queuedSilenceMs, silenceMs } = this.#given.timing;
    // Each silence is waited for longer than the one before it.
    const patienceMs = hopTimeoutMs * 2 ** this.submission;
    switch (this.stage) {
      case 'backing-off':
        return now >= this.#backOffUntil ? this.#submit(now) : [];
      case 'submitted':
        return this.#hearNothing(now, {
          silentMs: inStageMs,
          unheardMs: now - this.#unheardSince,
          patienceMs,
        });
      case 'queued':
        return this.#hearNothing(now, { silentMs, unheardMs: silentMs, patienceMs: queuedSilenceMs });
      case 'accepted':
        return silentMs > silenceMs ? [...this.#giveUpOnAll(), ...this.#resubmit(now, adapterError)] : [];
      case 'streaming':
        return silentMs > silenceMs || now > (this.#probationUntil ?? now) ? this.#fail(adapterError) : [];
      default:
        return inStageMs > silenceMs ? this.#close() : [];
    }
  }

  /** The next hop of our own publish has no listener. */
  nobodyListens(now: number, next: string): Command[] {
    return this.stage === 'submitted' ? this.#backOff(now, nobodyError(next)) : [];
  }

  /** The process of an adapter instance is gone. */
  adapterGone(instance: string, now: number): Command[] {
    if (!this.#reader.drop(instance)) return [];
    if (this.stage === 'streaming') return this.#fail(adapterError);
    return this.stage === 'accepted' ? this.#resubmit(now, adapterError) : [];
  }

  /** The bus is back: what was on its way may be lost. */
  reconnected(now: number): Command[] {
    if (this.stage === 'streaming') this.#probationUntil = now + this.#given.timing.probationMs;
    if (this.stage !== 'submitted' && this.stage !== 'queued' && this.stage !== 'accepted') return [];
    this.stage = 'backing-off';
    this.#backOffUntil = now + this.#given.timing.nobodyBackoffMs;
    this.#isUntouched = false;
    this.#mayHaveBegun = true;
    return [];
  }

  /** The client is gone. What runs is cancelled, and what has yet to say that it runs will be. */
  clientGone(now: number): Command[] {
    if (this.stage === 'done' || this.stage === 'abandoned') return [];
    const commands = this.#cancelAll();
    if (this.stage === 'queued') commands.push(...this.#leaveQueue());
    if (commands.length > 0 || this.stage === 'backing-off') return [...commands, ...this.#close()];
    this.#enter('abandoned', now);
    return commands;
  }

  #apply(event: ReplyEvent, now: number, commands: Command[]): void {
    // One packet may hold more than what ended the request.
    if (this.stage === 'done') return;
    if (this.stage === 'abandoned') return this.#applyAbandoned(event, commands);
    switch (event.type) {
      case 'queued':
        this.#queuedAt = event.scheduler;
        if (this.stage === 'submitted') this.#enter('queued', now);
        break;
      case 'accepted':
        this.#mayHaveBegun = true;
        if (this.stage !== 'streaming') this.#enter('accepted', now);
        break;
      case 'handed-back':
        if (this.stage === 'accepted' && this.candidates.length === 0) this.#enter('submitted', now);
        break;
      case 'head':
        this.#bound = event.candidate;
        this.#enter('streaming', now);
        commands.push({ do: 'head', head: event.head, candidate: event.candidate });
        break;
      case 'data':
        commands.push({ do: 'data', bytes: event.bytes });
        break;
      case 'usage':
        commands.push({ do: 'usage', usage: event.usage });
        break;
      case 'end':
        this.#enter('done', now);
        commands.push({ do: 'end' }, { do: 'close' });
        break;
      case 'loser':
        commands.push({ do: 'cancel', candidate: event.candidate });
        break;
      case 'ping':
        // It may be silent because a grant was lost.
        commands.push(...this.#grant());
        break;
      case 'error':
        commands.push(...this.#failed(event.error, now));
        break;
      case 'gap':
        commands.push(...(this.stage === 'streaming' ? this.#fail(gapError) : this.#resubmit(now, gapError)));
        break;
    }
  }

  #applyAbandoned(event: ReplyEvent, commands: Command[]): void {
    if (event.type === 'accepted' || event.type === 'loser') {
      commands.push({ do: 'cancel', candidate: event.candidate }, ...this.#close());
    } else if (event.type === 'queued') {
      this.#queuedAt = event.scheduler;
      const leaving = this.#leaveQueue();
      if (leaving.length > 0) commands.push(...leaving, ...this.#close());
    } else if (event.type === 'error') {
      this.#noteUntouched(event.error);
      commands.push(...this.#close());
      // After a gap nobody knows whom to cancel: the sender is told by the inbox, once the request is forgotten.
    } else if (event.type === 'end' || event.type === 'gap') commands.push(...this.#close());
  }

  #failed(error: WireError, now: number): Command[] {
    return this.stage === 'streaming' || !error.resubmit ? this.#fail(error) : this.#backOff(now, error);
  }

  /** Nothing was begun, so this is safe to repeat until somebody is there. */
  #backOff(now: number, error: WireError): Command[] {
    // A failure long after the last one is another matter, with a window of its own.
    if (now - this.#nobodyLastAt > this.#given.timing.nobodyWindowMs) {
      this.#nobodySince = now;
      this.#nobodyTries = 0;
    }
    this.#nobodyLastAt = now;
    this.#noteUntouched(error);
    if (now - this.#nobodySince > this.#given.timing.nobodyWindowMs) return this.#fail(error);
    this.#enter('backing-off', now);
    this.#backOffUntil = now + this.#given.timing.nobodyBackoffMs * 2 ** this.#nobodyTries;
    this.#nobodyTries += 1;
    return [];
  }

  #hearNothing(now: number, silence: Pick<Silence, 'silentMs' | 'unheardMs' | 'patienceMs'>): Command[] {
    const verdict = decideSilence({
      ...silence,
      limitMs: this.#given.timing.unheardLimitMs,
      lateMs: this.#given.lateness.at(now),
      // What waits with a scheduler that died comes at the pace it came in before: that feeds no overload.
      mayResubmit: () => this.#mayResubmit({ isFree: this.stage === 'queued' }),
    });
    if (verdict === 'wait') return [];
    return verdict === 'resubmit' ? this.#submitAgain(now) : this.#fail(lostError);
  }

  #resubmit(now: number, otherwise: WireError): Command[] {
    return this.#mayResubmit({ isFree: false }) ? this.#submitAgain(now) : this.#fail(otherwise);
  }

  #mayResubmit({ isFree }: { isFree: boolean }): boolean {
    return this.submission < this.#given.timing.maxResubmissions && (isFree || this.#given.budget.spend());
  }

  /** Something may have been begun; the adapters know a request that they run already. */
  #submitAgain(now: number): Command[] {
    this.submission += 1;
    this.#mayHaveBegun = true;
    return this.#submit(now);
  }

  #submit(now: number): Command[] {
    this.#enter('submitted', now);
    this.#isUntouched = false;
    this.#lastFrameAt = now;
    return [{ do: 'submit', submission: Math.max(this.submission, this.#mayHaveBegun ? 1 : 0) }];
  }

  #grant(): Command[] {
    if (this.stage !== 'streaming' || !this.#bound) return [];
    return [{ do: 'grant', candidate: this.#bound, consumed: this.#reader.consumed }];
  }

  /** They are silent: what they may still say counts no more. */
  #giveUpOnAll(): Command[] {
    const cancels = this.#cancelAll();
    for (const { instance } of this.candidates) this.#reader.drop(instance);
    return cancels;
  }

  #leaveQueue(): Command[] {
    return this.#queuedAt === undefined ? [] : [{ do: 'leave-queue', scheduler: this.#queuedAt }];
  }

  #cancelAll(): Command[] {
    return this.candidates.map((candidate) => ({ do: 'cancel', candidate }));
  }

  #fail(error: WireError): Command[] {
    const commands: Command[] = [...this.#cancelAll()];
    if (this.stage !== 'abandoned') commands.push({ do: 'fail', error });
    return [...commands, ...this.#close()];
  }

  #noteUntouched(error: WireError): void {
    this.#isUntouched = error.resubmit === true && !this.#mayHaveBegun;
  }

  #close(): Command[] {
    this.stage = 'done';
    return this.#isUntouched ? [{ do: 'release' }, { do: 'close' }] : [{ do: 'close' }];
  }

  #enter(stage: Stage, now: number): void {
    if (stage === 'submitted' && this.stage !== 'submitted') this.#unheardSince = now;
    this.stage = stage;
    this.#stageSince = now;
  }
}
