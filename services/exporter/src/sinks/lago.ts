import { type LagoExportConfig, type RatedEvent, ratedEventType } from '@weir/contracts';
import { type DeliverOutcome, judgeAnswer } from '../core/judge-answer.ts';
import { knownToLago, type LagoEvent, toLagoEvents } from '../core/lago-events.ts';
import type { OutgoingEvent } from '../core/part.ts';
import { createHttpCaller, type HttpCaller, urlBelow } from './http-call.ts';
import type { Post } from './posted-sink.ts';

const mostEvents = 100;
const unprocessable = 422;

const isRated = (event: OutgoingEvent['event']): event is RatedEvent => event.type === ratedEventType;

/** A batch is taken whole or not at all: what Lago has already is left out, and the rest comes again. */
const postBatch = async (
  caller: HttpCaller,
  headers: Readonly<Record<string, string>>,
  events: readonly LagoEvent[],
): Promise<DeliverOutcome> => {
  if (events.length === 0) return { outcome: 'delivered' };
  const called = await caller.post(JSON.stringify({ events }), headers);
  if (called.outcome === 'failed') return called;
  const known = called.answer.status === unprocessable ? knownToLago(called.answer.text) : undefined;
  if (known === undefined) return judgeAnswer(called.answer);
  const rest = events.filter((_event, position) => !known.has(position));
  return rest.length < events.length ? postBatch(caller, headers, rest) : judgeAnswer(called.answer);
};

export const createLagoPost = (config: LagoExportConfig, apiKey: string): Post => {
  const caller = createHttpCaller(urlBelow(config.url, '/api/v1/events/batch'), config.timeoutMs);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` };
  return {
    post: async (outgoing) => {
      const events = outgoing.flatMap(({ event }) =>
        isRated(event) ? toLagoEvents(event, config.metrics, config.subscriptions) : [],
      );
      for (let start = 0; start < events.length; start += mostEvents) {
        const posted = await postBatch(caller, headers, events.slice(start, start + mostEvents));
        if (posted.outcome !== 'delivered') return posted;
      }
      return { outcome: 'delivered' };
    },
    close: caller.close,
  };
};
