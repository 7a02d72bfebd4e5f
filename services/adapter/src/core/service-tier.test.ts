import { expect, it } from 'vitest';
import { providerRegistry } from '../providers/registry.ts';
import { toBytes } from '../testdata/pieces.ts';
import { createJsonTap } from './json-tap.ts';
import { createStreamTap } from './stream-tap.ts';

const { openai, anthropic } = providerRegistry;
const meta = { api: 'openai.chat', marks: {}, features: {} } as Parameters<
  typeof openai.createEventReader
>[0];

const tierOfJson = (body: object, provider = openai): string | undefined => {
  const tap = createJsonTap({ toUsage: provider.toUsage, encodeEmbeddings: false, hasOutput: true });
  tap.push(toBytes(JSON.stringify(body)));
  return tap.report.serviceTier;
};

const tierOfStream = (events: string, given: Partial<typeof meta> = {}, provider = openai) => {
  const tap = createStreamTap(provider.createEventReader({ ...meta, ...given }, true));
  tap.push(toBytes(events));
  return tap.report.serviceTier;
};

const usage = { prompt_tokens: 1, completion_tokens: 1 };
const chunk = (fields: object): string => `data: ${JSON.stringify({ choices: [], ...fields })}\n\n`;
const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

it('the service tier of a whole answer is where its provider says it', () => {
  expect(tierOfJson({ service_tier: 'priority', usage })).toBe('priority');
  expect(tierOfJson({ usage: { input_tokens: 1, service_tier: 'batch' } }, anthropic)).toBe('batch');
  expect(tierOfJson({ service_tier: null, usage })).toBeUndefined();
  expect(tierOfJson({ service_tier: 7, usage: { service_tier: ['x'] } })).toBeUndefined();
});

it('the last that a stream says of its service tier holds', () => {
  expect(tierOfStream(chunk({ service_tier: 'auto' }) + chunk({ service_tier: 'flex', usage }))).toBe('flex');
  expect(tierOfStream(chunk({ service_tier: 'auto' }) + chunk({ usage }))).toBe('auto');
  const completed = event('response.completed', { response: { service_tier: 'default' } });
  expect(tierOfStream(completed, { api: 'openai.responses' })).toBe('default');
  const started = event('message_start', {
    message: { usage: { input_tokens: 1, service_tier: 'standard' } },
  });
  expect(tierOfStream(started, { api: 'anthropic.messages' }, anthropic)).toBe('standard');
});
