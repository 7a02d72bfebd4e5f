import {
  type AcceptedFrame,
  type Frame,
  type FrameKind,
  frameKinds,
  fromWireError,
  type HandedBackFrame,
  type HeadFrame,
  type Packet,
  type QueuedFrame,
  readJsonFrame,
  type UsageFrame,
  type WireError,
} from '@weir/contracts';
import { replySettings } from './reply-settings.ts';

/** An adapter run that may come to answer. */
export interface Candidate extends AcceptedFrame {
  readonly tag: number;
}

export type ReplyEvent =
  | ({ readonly type: 'queued' } & QueuedFrame)
  | { readonly type: 'accepted'; readonly candidate: Candidate }
  | { readonly type: 'handed-back'; readonly reason: string }
  /** The stream is bound to this candidate from here on. */
  | { readonly type: 'head'; readonly head: HeadFrame; readonly candidate: Candidate | undefined }
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  | { readonly type: 'usage'; readonly usage: UsageFrame }
  | { readonly type: 'end' }
  | { readonly type: 'error'; readonly error: WireError }
  /** Frames were lost: what follows cannot be trusted. */
  | { readonly type: 'gap' }
  /** A run that came too late: cancel it. */
  | { readonly type: 'loser'; readonly candidate: Candidate }
  /** The adapter had nothing to send, or no credit to send it with. */
  | { readonly type: 'ping' };

interface Run {
  candidate: Candidate | undefined;
  nextSequence: number;
  bytes: number;
  /** It lost, failed or went back. It stays known: what it still sends must not pass for a new run. */
  over: boolean;
}

/** The ingress's end of a reply stream: a machine that turns packets into events. */
export interface ReplyReader {
  push(packet: Packet): ReplyEvent[];
  /** Runs that have accepted and not failed. */
  candidates(): Candidate[];
  /** Forgets a run whose adapter is gone. Returns true when the stream was bound to it or nothing else is left. */
  drop(instance: string): boolean;
  /** Counts a data frame that the client has taken. True when that is worth telling the adapter. */
  consume(bytes: number): boolean;
  /** All that the client has taken so far, modulo 2^32: what a grant says. */
  readonly consumed: { readonly bytes: number; readonly frames: number };
  /** Tag of the run that the stream is bound to. */
  readonly boundTag: number | undefined;
  /** Whether what it says is of interest: false of a run that is over, or of one that another has won. */
  mayAnswer(tag: number): boolean;
}

const beforeHead: ReadonlySet<FrameKind> = new Set([frameKinds.head, frameKinds.handedBack]);
const behindHead: ReadonlySet<FrameKind> = new Set([frameKinds.data, frameKinds.usage, frameKinds.end]);

/** An adapter that sends two heads, or data without one, cannot be trusted any more than a stream with a hole. */
const isOutOfPlace = (kind: FrameKind, begun: boolean): boolean =>
  begun ? beforeHead.has(kind) : behindHead.has(kind);

/** Undefined: it is another frame, or cannot be read. */
const readAccepted = (frame: Frame): AcceptedFrame | undefined =>
  frame.kind === frameKinds.accepted ? (readJsonFrame(frame) as AcceptedFrame | undefined) : undefined;

class Reader implements ReplyReader {
  boundTag: number | undefined;
  #runs = new Map<number, Run>();
  #consumedBytes = 0;
  #consumedFrames = 0;
  #untoldBytes = 0;
  #untoldFrames = 0;

  push({ tag, frames }: Packet): ReplyEvent[] {
    const events: ReplyEvent[] = [];
    const run = this.#runOf(tag);
    for (const frame of frames) {
      if (run.over) {
        this.#disown(tag, frame, events);
        continue;
      }
      if (tag !== 0 && !this.#inOrder(tag, run, frame, events)) continue;
      this.#read(tag, run, frame, events);
    }
    return events;
  }

  candidates(): Candidate[] {
    return [...this.#runs.values()].flatMap(({ candidate, over }) => (candidate && !over ? [candidate] : []));
  }

  drop(instance: string): boolean {
    let lost = false;
    for (const run of this.#runs.values()) {
      if (run.over || run.candidate?.instance !== instance) continue;
      run.over = true;
      lost = true;
    }
    if (!lost) return false;
    return this.boundTag === undefined ? this.#nobodyIsLeft() : this.#runOf(this.boundTag).over;
  }

  mayAnswer(tag: number): boolean {
    return this.boundTag === undefined ? !this.#runs.get(tag)?.over : this.boundTag === tag;
  }

  get consumed(): { bytes: number; frames: number } {
    return { bytes: this.#consumedBytes, frames: this.#consumedFrames };
  }

  consume(bytes: number): boolean {
    this.#consumedBytes = (this.#consumedBytes + bytes) >>> 0;
    this.#consumedFrames = (this.#consumedFrames + 1) >>> 0;
    this.#untoldBytes += bytes;
    this.#untoldFrames += 1;
    const worthIt =
      this.#untoldBytes >= replySettings.creditBytes / 2 ||
      this.#untoldFrames >= replySettings.creditFrames / 2;
    if (!worthIt) return false;
    this.#untoldBytes = 0;
    this.#untoldFrames = 0;
    return true;
  }

  #runOf(tag: number): Run {
    const known = this.#runs.get(tag);
    if (known) return known;
    const run: Run = { candidate: undefined, nextSequence: 0, bytes: 0, over: false };
    this.#runs.set(tag, run);
    return run;
  }

  #inOrder(tag: number, run: Run, frame: Frame, events: ReplyEvent[]): boolean {
    if (frame.sequence === run.nextSequence) {
      run.nextSequence += 1;
      return true;
    }
    if (frame.sequence < run.nextSequence) return false;
    const accepted = readAccepted(frame);
    if (accepted?.again && this.boundTag !== tag) {
      run.nextSequence = frame.sequence + 1;
      return true;
    }
    if (accepted) run.candidate = { ...accepted, tag };
    this.#distrust(tag, run, events);
    return false;
  }

  /** Nothing more is read of it. A hole in a run that others can do without is of no interest to anybody else. */
  #distrust(tag: number, run: Run, events: ReplyEvent[]): void {
    run.nextSequence = Number.POSITIVE_INFINITY;
    if (this.boundTag !== tag) {
      // Tag 0 is nobody's run: whoever else answers there is heard too.
      run.over = tag !== 0;
      if (run.candidate) events.push({ type: 'loser', candidate: run.candidate });
    }
    if (this.boundTag === tag || this.#nobodyIsLeft()) events.push({ type: 'gap' });
  }

  #nobodyIsLeft(): boolean {
    return this.boundTag === undefined && this.candidates().length === 0;
  }

  /** It runs on: nobody knew whom to cancel, or the cancel was lost. While it does, its adapter begins no other run. */
  #disown(tag: number, frame: Frame, events: ReplyEvent[]): void {
    const accepted = readAccepted(frame);
    if (accepted) events.push({ type: 'loser', candidate: { ...accepted, tag } });
  }

  #read(tag: number, run: Run, frame: Frame, events: ReplyEvent[]): void {
    const elsewhere = this.boundTag !== undefined && this.boundTag !== tag;
    if (frame.kind === frameKinds.accepted) this.#accept(tag, run, frame, elsewhere, events);
    if (elsewhere) return;
    if (isOutOfPlace(frame.kind, this.boundTag === tag)) return this.#distrust(tag, run, events);
    switch (frame.kind) {
      case frameKinds.queued:
        events.push({ type: 'queued', ...(readJsonFrame(frame) as QueuedFrame | undefined) });
        break;
      case frameKinds.head:
        this.#bind(tag, run, frame, events);
        break;
      case frameKinds.data:
        run.bytes += frame.payload.byteLength;
        events.push({ type: 'data', bytes: frame.payload });
        break;
      case frameKinds.usage:
        events.push({
          type: 'usage',
          usage: (readJsonFrame(frame) as UsageFrame | undefined) ?? { quality: 'unknown' },
        });
        break;
      case frameKinds.end:
        this.#end(run, frame, events);
        break;
      case frameKinds.error:
        this.#fail(tag, run, frame, events);
        break;
      case frameKinds.handedBack: {
        run.over = true;
        const reason = (readJsonFrame(frame) as HandedBackFrame | undefined)?.reason ?? 'unknown';
        events.push({ type: 'handed-back', reason });
        break;
      }
      case frameKinds.ping:
        events.push({ type: 'ping' });
        break;
      default:
        break;
    }
  }

  #accept(tag: number, run: Run, frame: Frame, elsewhere: boolean, events: ReplyEvent[]): void {
    const accepted = readAccepted(frame);
    if (accepted === undefined) return this.#distrust(tag, run, events);
    run.candidate = { ...accepted, tag };
    events.push({ type: elsewhere ? 'loser' : 'accepted', candidate: run.candidate });
    run.over = elsewhere;
  }

  #bind(tag: number, run: Run, frame: Frame, events: ReplyEvent[]): void {
    const head = readJsonFrame(frame) as HeadFrame | undefined;
    if (head === undefined) return this.#distrust(tag, run, events);
    this.boundTag = tag;
    for (const [otherTag, other] of this.#runs) {
      if (otherTag === tag || other.over || !other.candidate) continue;
      events.push({ type: 'loser', candidate: other.candidate });
      other.over = true;
    }
    events.push({ type: 'head', head, candidate: run.candidate });
  }

  #end(run: Run, frame: Frame, events: ReplyEvent[]): void {
    const end = readJsonFrame(frame) as { bytes?: number } | undefined;
    events.push(end?.bytes === run.bytes ? { type: 'end' } : { type: 'gap' });
  }

  #fail(tag: number, run: Run, frame: Frame, events: ReplyEvent[]): void {
    run.over = tag !== 0;
    // Another run may still answer.
    if (this.boundTag === undefined && this.candidates().length > 0) return;
    events.push({ type: 'error', error: fromWireError(readJsonFrame(frame)) });
  }
}

export const createReplyReader = (): ReplyReader => new Reader();
