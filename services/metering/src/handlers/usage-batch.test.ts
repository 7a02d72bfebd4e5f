import { type AttemptFinal, toFinalEvent, toStartedEvent } from '@weir/contracts';
import { expect, test } from 'vitest';
import { createSettlement } from '../core/settlement.ts';
import type { TokenCounts } from '../core/token-counts.ts';
import { createUsageBatch } from './usage-batch.ts';

const data: AttemptFinal = {
  requestId: 'request-1',
  attempt: 1,
  run: 'run-1',
  org: 'acme',
  team: 'web',
  key: 'k1',
  route: 'openai-chat',
  api: 'openai.chat',
  upstream: 'gpu',
  target: 't0',
  provider: 'openai-compatible',
  modelRequested: 'small',
  startedAt: 1_000,
  deadline: 61_000,
  stream: true,
  revision: 1,
  quality: 'reported',
  outcome: 'completed',
  usage: { inputTotal: 10, outputTotal: 20 },
  totalMs: 5,
  deliveredBytes: 1,
};

const createRecorded = () => {
  const counted: string[] = [];
  const tokens: [string, TokenCounts][] = [];
  const lines: [object, string][] = [];
  const logger = {
    info: (fields: object, line: string) => lines.push([fields, line]),
    warn: () => undefined,
  };
  const onBatch = createUsageBatch({
    settlement: createSettlement({ maxOpenIntents: 10, maxAccounts: 10 }),
    metrics: {
      countEvent: (type, outcome) => counted.push(`${type} ${outcome}`),
      countTokens: (model, added) => tokens.push([model, added]),
    },
    labelOf: (model) => `label of ${model}`,
    logger: logger as never,
  });
  return { onBatch, counted, tokens, lines };
};

test('a batch is counted event by event, and each settled attempt is one line', () => {
  const { onBatch, counted, tokens, lines } = createRecorded();
  const final = toFinalEvent('weir', data);
  onBatch([toStartedEvent('weir', data), final, final]);
  expect(counted).toEqual(['started opened', 'final settled', 'final duplicate']);
  expect(tokens).toEqual([['label of small', { input: 10, output: 20 }]]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject([
    { org: 'acme', team: 'web', key: 'k1', model: 'small', inputTokens: 10, outputTokens: 20, totalMs: 5 },
    'usage settled',
  ]);
});

test('poison is counted and does not hold up what comes after it', () => {
  const { onBatch, counted } = createRecorded();
  onBatch([null, { type: 'nonsense' }, toFinalEvent('weir', data)]);
  expect(counted).toEqual(['unknown poison', 'unknown poison', 'final settled']);
});
