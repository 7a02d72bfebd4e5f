import {
  type LogInfo,
  type LogMessage,
  type LogPosition,
  type LogReader,
  logBatchMessages,
} from '@weir/messaging';
import type { Logger } from '@weir/runtime';
import type { Feed } from './core/feeds-of.ts';
import { findStart } from './core/find-start.ts';
import type { DeliverOutcome } from './core/judge-answer.ts';
import { cutParts, halve, type Part, withoutEvents } from './core/part.ts';
import { retryPause } from './core/retry-pause.ts';
import { type MessageReader, selectEvents } from './core/select-events.ts';
import type { DeadLetter } from './dead-letters.ts';
import type { SinkMetrics } from './exporter-metrics.ts';
import type { Sink } from './sinks/sink.ts';

export interface SinkLoopOptions {
  readonly feed: Feed;
  readonly stream: LogReader;
  readonly readMessage: MessageReader;
  readonly open: () => Promise<Sink>;
  /** Keeps what the sink will not take. Rejects when it could not. */
  readonly bury: (letter: DeadLetter) => Promise<void>;
  readonly metrics: SinkMetrics;
  readonly logger: Logger;
  /** Resolves early, and never rejects, when the signal is aborted. */
  readonly pause: (pauseMs: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
}

/** Where the sink stands, and what it stands in. */
interface Place {
  readonly position: LogPosition;
  readonly stream: LogInfo;
}

type Round = { readonly outcome: 'more' | 'idle' } | Extract<DeliverOutcome, { outcome: 'failed' }>;

const idlePauseMs = 200;
/** How often it is made sure that the stream is still the same, and how far its end is. */
const lookEveryMs = 5_000;

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

const gapIn = (messages: readonly LogMessage[], after: number): string | undefined => {
  const position = messages.findIndex(({ sequence }, index) => sequence !== after + 1 + index);
  if (position < 0) return undefined;
  return `the stream has a hole: message ${after + 1 + position} is missing`;
};

/** Brings one stream to one sink, in order, as long as it takes. Nothing that goes wrong ends it. */
export class SinkLoop {
  #options: SinkLoopOptions;
  #sink: Sink | undefined;
  #place: Place | undefined;
  #failures = 0;
  #lookAt = 0;
  /** Since the last success, so that they are buried once however often the rest is tried. */
  #buried = new Set<number>();

  constructor(options: SinkLoopOptions) {
    this.#options = options;
  }

  /** Resolves when the signal is aborted and the delivery under way, if any, is over. */
  async run(signal: AbortSignal): Promise<void> {
    const { pause } = this.#options;
    while (!signal.aborted) {
      const round = await this.#round(signal).catch(
        (thrown: unknown): Round => ({ outcome: 'failed', problem: messageOf(thrown) }),
      );
      if (round.outcome === 'failed') {
        // Opened again it has new connections, and a secret that was replaced.
        await this.close();
        await pause(this.#fail(round), signal);
      } else this.#recover();
      if (round.outcome === 'idle') await pause(idlePauseMs, signal);
    }
    await this.close();
  }

  async close(): Promise<void> {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#place = undefined;
    await sink?.close().catch(() => undefined);
  }

  async #round(signal: AbortSignal): Promise<Round> {
    const { feed, stream, readMessage } = this.#options;
    this.#sink ??= await this.#options.open();
    if (performance.now() >= this.#lookAt) this.#place = undefined;
    const place = this.#place ?? (await this.#look(this.#sink));
    if (place === undefined) return { outcome: 'idle' };
    const { sequence } = place.position;
    const limit = Math.max(feed.config.batchSize, logBatchMessages);
    const read = await stream.read({ from: sequence + 1, limit });
    if (read.outcome === 'away') return { outcome: 'failed', problem: read.why };
    const last = read.messages.at(-1);
    if (last === undefined) return { outcome: 'idle' };
    const gap = feed.source === 'usage' ? gapIn(read.messages, sequence) : undefined;
    if (gap !== undefined) return { outcome: 'failed', problem: gap };
    const { events, unreadable } = selectEvents(read.messages, readMessage, feed.config.orgs);
    for (const { problem, sequence: unread } of unreadable) await this.#bury({ sequence: unread, problem });
    const parts = cutParts({ events, through: last.sequence }, feed.config.batchSize);
    const round = await this.#deliver(this.#sink, parts, signal);
    return round.outcome === 'more' && read.pending === 0 ? { outcome: 'idle' } : round;
  }

  /** Undefined: another replica was quicker, so look again. */
  async #look(sink: Sink): Promise<Place | undefined> {
    const { feed, stream, metrics } = this.#options;
    const [stored, info] = await Promise.all([sink.position(), stream.info()]);
    const start = findStart(stored, info, feed.config.startAt);
    if (start.outcome === 'lost') throw new Error(start.problem);
    const position = stored ?? { epoch: info.epoch, sequence: start.sequence };
    // Kept at once: what comes from now on is what comes after this look, not after a later one.
    if (stored === undefined && (await this.#keep(sink, position)) === 'moved') return undefined;
    this.#lookAt = performance.now() + lookEveryMs;
    this.#place = { position, stream: info };
    metrics.lag(Math.max(info.last - position.sequence, 0));
    return this.#place;
  }

  async #keep(sink: Sink, position: LogPosition): Promise<'kept' | 'moved'> {
    const kept = await sink.deliver({ events: [], through: position.sequence }, undefined, position);
    if (kept.outcome === 'delivered') return 'kept';
    if (kept.outcome === 'moved') return 'moved';
    throw new Error(kept.problem);
  }

  async #deliver(sink: Sink, parts: readonly Part[], signal: AbortSignal): Promise<Round> {
    const left = [...parts];
    while (!signal.aborted) {
      const part = left.shift();
      if (part === undefined) break;
      const delivered = await this.#deliverPart(sink, part);
      if (delivered.outcome === 'failed') return delivered;
      if (delivered.outcome === 'refused') left.unshift(...(await this.#takeApart(part, delivered.problem)));
      if (delivered.outcome === 'moved') {
        this.#place = undefined;
        return { outcome: 'idle' };
      }
    }
    return { outcome: 'more' };
  }

  async #deliverPart(sink: Sink, part: Part): Promise<DeliverOutcome> {
    const place = this.#place;
    if (place === undefined) return { outcome: 'moved' };
    const to = { epoch: place.stream.epoch, sequence: part.through };
    const delivered = await sink.deliver(part, place.position, to);
    if (delivered.outcome !== 'delivered') return delivered;
    const { metrics } = this.#options;
    this.#place = { ...place, position: to };
    metrics.delivered(part.events.length);
    metrics.lag(Math.max(place.stream.last - to.sequence, 0));
    return delivered;
  }

  /** What is left to deliver: the halves, or nothing but the position once the one event is buried. */
  async #takeApart(part: Part, problem: string): Promise<readonly Part[]> {
    const halves = halve(part);
    if (halves !== undefined) return halves;
    const [refused] = part.events;
    if (refused === undefined) throw new Error(`the position was refused: ${problem}`);
    await this.#bury({ sequence: refused.sequence, problem, text: refused.text });
    return [withoutEvents(part)];
  }

  async #bury(letter: Omit<DeadLetter, 'sink'>): Promise<void> {
    const { feed, logger, metrics, bury } = this.#options;
    if (this.#buried.has(letter.sequence)) return;
    await bury({ sink: feed.name, ...letter });
    this.#buried.add(letter.sequence);
    metrics.deadLetter();
    const { sequence, problem } = letter;
    logger.error({ sink: feed.name, sequence, problem }, 'an event was refused for good; it is in the DLQ');
  }

  #fail({ problem, retryAfterMs }: Extract<Round, { outcome: 'failed' }>): number {
    const { feed, logger, metrics, random } = this.#options;
    this.#failures += 1;
    metrics.failed();
    const { maxPauseMs } = feed.config;
    const pauseMs = retryPause({ failures: this.#failures, maxPauseMs, retryAfterMs, random: random() });
    logger.warn({ sink: feed.name, problem, failures: this.#failures, pauseMs }, 'a sink takes nothing');
    return pauseMs;
  }

  #recover(): void {
    const { feed, logger, metrics } = this.#options;
    if (this.#failures > 0) logger.info({ sink: feed.name, failures: this.#failures }, 'a sink is back');
    this.#failures = 0;
    this.#buried.clear();
    metrics.recovered();
  }
}
