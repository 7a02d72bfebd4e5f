import type { Usage } from '@weir/contracts';
import type { ResponseTap, TapReport, UpstreamFailure } from './response-tap.ts';
import { createSseSplitter, type SseSplitter } from './sse-splitter.ts';

/** What an API's event reader says of one event. */
export interface EventReading {
  /** Bytes for the client; undefined drops the event. Absent: the event as it is. */
  readonly forward?: Uint8Array | undefined;
  /** The answer is whole once this event has passed. */
  readonly completes?: boolean;
  readonly usage?: Usage;
  readonly modelServed?: string;
  readonly serviceTier?: string;
  /** The event carries content. */
  readonly content?: boolean;
  /** Characters of text in it. Absent: none, or nobody counted them. */
  readonly chars?: number;
  readonly error?: UpstreamFailure;
}

/** Knows the events of one API. A machine: it may remember what came before. */
export interface EventReader {
  read(event: Uint8Array): EventReading;
  /** The API has no event that says so: an answer is whole when its body is. Absent means false. */
  readonly endsWithBody?: boolean;
}

class StreamTap implements ResponseTap {
  failedAtStart: UpstreamFailure | undefined;
  #splitter: SseSplitter = createSseSplitter();
  #reader: EventReader;
  #usage: Usage | undefined;
  #modelServed: string | undefined;
  #serviceTier: string | undefined;
  #contentEvents = 0;
  #contentChars = 0;
  #complete = false;
  #failed = false;
  #started = false;

  constructor(reader: EventReader) {
    this.#reader = reader;
  }

  get report(): TapReport {
    return {
      usage: this.#usage,
      final: this.#complete && !this.#failed,
      modelServed: this.#modelServed,
      serviceTier: this.#serviceTier,
      contentEvents: this.#contentEvents,
      contentChars: this.#contentChars,
    };
  }

  get broken(): boolean {
    return this.#splitter.overflowed;
  }

  push(bytes: Uint8Array): Uint8Array[] {
    const output: Uint8Array[] = [];
    for (const event of this.#splitter.push(bytes)) this.#pass(event, output);
    return output;
  }

  finish(): { rest: Uint8Array[]; complete: boolean } {
    const rest: Uint8Array[] = [];
    const last = this.#splitter.finish();
    // The specification discards an event without its blank line; the official clients read it.
    if (last) this.#pass(last, rest);
    if (this.#reader.endsWithBody) this.#complete = true;
    return { rest, complete: this.#complete };
  }

  #pass(event: Uint8Array, output: Uint8Array[]): void {
    const reading = this.#reader.read(event);
    if (reading.error && !this.#started) this.failedAtStart ??= reading.error;
    if (this.failedAtStart) return;
    this.#started = true;
    if (reading.error) this.#failed = true;
    if (reading.content) this.#contentEvents += 1;
    this.#contentChars += reading.chars ?? 0;
    if (reading.completes || reading.error) this.#complete = true;
    this.#usage = reading.usage ?? this.#usage;
    this.#modelServed = reading.modelServed ?? this.#modelServed;
    this.#serviceTier = reading.serviceTier ?? this.#serviceTier;
    const forward = 'forward' in reading ? reading.forward : event;
    if (forward) output.push(forward);
  }
}

export const createStreamTap = (reader: EventReader): ResponseTap => new StreamTap(reader);
