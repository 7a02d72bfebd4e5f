import {
  type AcceptedFrame,
  encodePacket,
  type Frame,
  type FrameKind,
  frameKinds,
  type HandedBackFrame,
  type HeadFrame,
  jsonFrame,
  type UsageFrame,
  type WireError,
} from '@weir/contracts';
import { replySettings } from './reply-settings.ts';

export interface ReplyWriterOptions {
  /** Names this stream; not 0. */
  readonly tag: number;
  /** Sends a packet. `probe` asks for a reply subject, so that a missing ingress is noticed. */
  readonly publish: (packet: Uint8Array, probe: boolean) => void;
  readonly now: () => number;
  /** Runs `work` after `delayMs`; returns its cancellation. 0 means at the end of this tick. */
  readonly schedule: (delayMs: number, work: () => void) => () => void;
  /** Credit came back and nothing waits any more: the source may go on. */
  readonly onDrain: () => void;
  /** The last packet is out, or the stream was abandoned. */
  readonly onClosed: () => void;
}

/** The adapter's end of a reply stream: sequence, credit, coalescing, pings. */
export interface ReplyWriter {
  readonly tag: number;
  /** Body bytes taken from the source, those that still wait for credit included. */
  readonly writtenBytes: number;
  readonly closed: boolean;
  accept(frame: AcceptedFrame): void;
  head(frame: HeadFrame): void;
  /** Returns false when credit is used up: stop reading the source until `onDrain`. The bytes are kept either way. */
  write(bytes: Uint8Array): boolean;
  usage(frame: UsageFrame): void;
  end(): void;
  fail(error: WireError): void;
  handBack(frame: HandedBackFrame): void;
  /**
   * The ingress has passed on so much of the body, in total and modulo 2^32: a grant that was lost is made up
   * for by the next one.
   */
  grant(consumedBytes: number, consumedFrames: number): void;
  /** Sends a ping when the stream was silent for long. Call it about once a second. */
  tick(): void;
  /** Sends a ping now: the ingress then sees whether anything was lost before it. */
  ping(): void;
  /** Drops everything and sends nothing more. */
  abandon(): void;
}

const empty = new Uint8Array(0);

const concatenate = (chunks: readonly Uint8Array[], bytes: number): Uint8Array => {
  const [first] = chunks;
  if (chunks.length === 1 && first) return first;
  const merged = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    merged.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return merged;
};

/** How far a 32-bit counter has moved on; it never goes back, since messages of one ingress keep their order. */
const advance = (before: number, after: number): number => (after - before) >>> 0;

class Writer implements ReplyWriter {
  readonly tag: number;
  writtenBytes = 0;
  closed = false;
  #sentBytes = 0;
  #options: ReplyWriterOptions;
  #sequence = 0;
  /** Frames to go before the data that waits, and after it. */
  #before: Frame[] = [];
  #data: Uint8Array[] = [];
  #dataBytes = 0;
  #after: { kind: FrameKind; value: object }[] = [];
  #finishing = false;
  #creditBytes: number = replySettings.creditBytes;
  #creditFrames: number = replySettings.creditFrames;
  #consumedBytes = 0;
  #consumedFrames = 0;
  #lastPacketAt = Number.NEGATIVE_INFINITY;
  #lastProbeAt = Number.NEGATIVE_INFINITY;
  #cancelFlush: (() => void) | undefined;
  #flushDelayMs = Number.POSITIVE_INFINITY;
  #starved = false;
  #accepted: AcceptedFrame | undefined;
  /** Something of an answer was sent, or is about to be. */
  #hasBegun = false;

  constructor(options: ReplyWriterOptions) {
    this.#options = options;
    this.tag = options.tag;
    this.#lastPacketAt = options.now();
  }

  accept(frame: AcceptedFrame): void {
    this.#accepted = frame;
    this.#queueJson(frameKinds.accepted, this.#isRepeated() ? { ...frame, again: true } : frame);
    this.#flushWithin(replySettings.acceptDelayMs);
  }

  head(frame: HeadFrame): void {
    this.#hasBegun = true;
    this.#queueJson(frameKinds.head, frame);
    this.#flushWithin(0);
  }

  write(bytes: Uint8Array): boolean {
    if (this.closed) return true;
    this.#hasBegun = true;
    this.#data.push(bytes);
    this.#dataBytes += bytes.byteLength;
    this.writtenBytes += bytes.byteLength;
    const sinceLastMs = this.#options.now() - this.#lastPacketAt;
    // The first bytes of a stream and those after a pause go at once; a burst shares packets.
    const first = this.#sentBytes === 0;
    this.#flushWithin(first ? 0 : Math.max(0, replySettings.coalesceMs - sinceLastMs));
    this.#starved = this.#dataBytes > this.#creditBytes || this.#creditFrames === 0;
    return !this.#starved;
  }

  usage(frame: UsageFrame): void {
    this.#after.push({ kind: frameKinds.usage, value: frame });
  }

  end(): void {
    if (this.closed) return;
    this.#finishing = true;
    this.#flushWithin(0);
  }

  fail(error: WireError): void {
    this.#finish({ kind: frameKinds.error, value: error });
  }

  handBack(frame: HandedBackFrame): void {
    this.#finish({ kind: frameKinds.handedBack, value: frame });
  }

  grant(consumedBytes: number, consumedFrames: number): void {
    this.#creditBytes += advance(this.#consumedBytes, consumedBytes);
    this.#creditFrames += advance(this.#consumedFrames, consumedFrames);
    this.#consumedBytes = consumedBytes;
    this.#consumedFrames = consumedFrames;
    if (this.#dataBytes > 0) this.#flush();
    if (this.#starved && this.#dataBytes === 0) {
      this.#starved = false;
      this.#options.onDrain();
    }
  }

  tick(): void {
    if (this.#options.now() - this.#lastPacketAt >= replySettings.pingMs) this.ping();
  }

  ping(): void {
    if (this.closed) return;
    // Until there is an answer this says more: the first one may be what was lost.
    if (this.#accepted && !this.#hasBegun) this.accept(this.#accepted);
    else this.#before.push({ kind: frameKinds.ping, sequence: this.#nextSequence(), payload: empty });
    this.#flush();
  }

  abandon(): void {
    if (this.closed) return;
    this.#cancelFlush?.();
    this.#data = [];
    this.#dataBytes = 0;
    this.#close();
  }

  /** An error or a hand-back overtakes data that has no credit: nothing after it would be read anyway. */
  #finish(last: { kind: FrameKind; value: object }): void {
    if (this.closed) return;
    this.#data = [];
    this.#dataBytes = 0;
    this.#after = [last];
    this.#flush(true);
  }

  #queueJson(kind: FrameKind, value: object): void {
    if (this.closed) return;
    this.#before.push(jsonFrame(kind, this.#nextSequence(), value));
  }

  #isRepeated(): boolean {
    return this.#sequence > 0 && !this.#hasBegun;
  }

  #nextSequence(): number {
    const sequence = this.#sequence;
    this.#sequence += 1;
    return sequence;
  }

  #flushWithin(delayMs: number): void {
    if (this.closed || this.#flushDelayMs <= delayMs) return;
    this.#cancelFlush?.();
    this.#flushDelayMs = delayMs;
    this.#cancelFlush = this.#options.schedule(delayMs, () => this.#flush());
  }

  /** One data frame of what waits, as far as credit reaches. */
  #takeData(): Frame | undefined {
    if (this.#dataBytes === 0 || this.#creditFrames === 0 || this.#creditBytes === 0) return undefined;
    const merged = concatenate(this.#data, this.#dataBytes);
    const payload = merged.subarray(0, this.#creditBytes);
    const rest = merged.subarray(payload.byteLength);
    this.#data = rest.byteLength === 0 ? [] : [rest];
    this.#dataBytes = rest.byteLength;
    this.#creditBytes -= payload.byteLength;
    this.#creditFrames -= 1;
    this.#sentBytes += payload.byteLength;
    return { kind: frameKinds.data, sequence: this.#nextSequence(), payload };
  }

  #flush(finished = false): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#flushDelayMs = Number.POSITIVE_INFINITY;
    if (this.closed) return;
    const frames = this.#before;
    this.#before = [];
    const data = this.#takeData();
    if (data) frames.push(data);
    const complete = finished || (this.#finishing && this.#dataBytes === 0);
    if (complete) {
      for (const { kind, value } of this.#after) frames.push(jsonFrame(kind, this.#nextSequence(), value));
      if (!finished) frames.push(jsonFrame(frameKinds.end, this.#nextSequence(), { bytes: this.#sentBytes }));
    }
    if (frames.length > 0) this.#send(frames, complete);
    if (complete) this.#close();
  }

  #close(): void {
    this.closed = true;
    this.#options.onClosed();
  }

  #send(frames: readonly Frame[], last: boolean): void {
    const now = this.#options.now();
    const probe = !last && now - this.#lastProbeAt >= replySettings.probeMs;
    if (probe) this.#lastProbeAt = now;
    this.#lastPacketAt = now;
    this.#options.publish(encodePacket(this.tag, frames), probe);
  }
}

export const createReplyWriter = (options: ReplyWriterOptions): ReplyWriter => new Writer(options);
