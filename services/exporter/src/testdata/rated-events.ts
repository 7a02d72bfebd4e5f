import { type RatedEvent, type RatedUsage, toRatedEvent } from '@weir/contracts';
import type { OutgoingEvent } from '../core/part.ts';

const startedAt = Date.UTC(2026, 10, 20, 23, 30);

const usage: RatedUsage = {
  requestId: '0198c0de-0000-7000-8000-000000000001',
  attempt: 1,
  run: 'r1',
  org: 'acme',
  team: 'web',
  key: 'k1',
  route: 'openai-chat',
  api: 'openai.chat',
  upstream: 'local',
  target: 't0',
  provider: 'openai-compatible',
  modelRequested: 'llama',
  startedAt,
  deadline: startedAt + 60_000,
  stream: false,
  revision: 1,
  quality: 'reported',
  outcome: 'completed',
  usage: { inputText: 10, outputText: 5, inputTotal: 10, outputTotal: 5 },
  status: 200,
  totalMs: 40,
  deliveredBytes: 100,
  ratingNumber: 0,
  rating: { status: 'rated', amountNano: '2500', chargeNano: '3000', currency: 'USD', tier: 'base' },
  delta: { amountNano: '2500', chargeNano: '3000', inputTokens: 10, outputTokens: 5, requests: 1 },
  source: { sequence: 1, part: 0 },
};

const requestIdOf = (number: number): string =>
  `0198c0de-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

/** A record; those of different numbers are about different requests. */
export const ratedEvent = (number: number, changes: Partial<RatedUsage> = {}): RatedEvent =>
  toRatedEvent('/gateways/test', { ...usage, requestId: requestIdOf(number), ...changes });

export const outgoing = (sequence: number, event: RatedEvent = ratedEvent(sequence)): OutgoingEvent => ({
  sequence,
  event,
  text: JSON.stringify(event),
});
