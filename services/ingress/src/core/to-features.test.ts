import type { Api } from '@weir/contracts';
import { createRequestScanner, toRequestMarks } from '@weir/json';
import { describe, expect, it } from 'vitest';
import { outputCapNamesOf, toFeatures } from './to-features.ts';

const scan = (body: object | string, sampleText = false) => {
  const scanner = createRequestScanner({ maxDepth: 64, sampleText });
  scanner.push(new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)));
  const result = scanner.finish();
  if (result.outcome !== 'scanned') throw new Error(result.message);
  return result.fields;
};

describe('the cap on output tokens', () => {
  const all = { max_tokens: 7, max_completion_tokens: 5, max_output_tokens: 3 };

  it.each<[Api, object, number | undefined]>([
    ['openai.chat', all, 7],
    ['openai.chat', { max_completion_tokens: 5 }, 5],
    ['openai.chat', { max_output_tokens: 3 }, undefined],
    ['openai.chat', { max_tokens: null }, undefined],
    ['openai.completions', all, 7],
    ['openai.responses', all, 3],
    ['openai.responses', { max_tokens: 1 }, undefined],
    ['anthropic.messages', all, 7],
    ['openai.embeddings', all, undefined],
    ['generic', all, undefined],
  ])('of %s in %j is %s: what the API does not know caps nothing', (api, body, expected) => {
    const fields = scan(body);
    expect(toFeatures(fields, api).outputCap).toBe(expected);
    const marked = toRequestMarks(fields, outputCapNamesOf(api)).outputCaps ?? [];
    const known = marked.flatMap(({ tokens }) => tokens ?? []);
    expect(known.length === 0 ? undefined : Math.max(...known)).toBe(expected);
  });
});

describe('the answers asked for', () => {
  it.each<[Api, object, number | undefined]>([
    ['openai.chat', {}, undefined],
    ['openai.chat', { n: 3 }, 3],
    ['openai.chat', { n: 0 }, undefined],
    ['openai.completions', { n: 2, best_of: 5 }, 5],
    ['openai.completions', { n: 2, prompt: ['a', 'b', 'c'] }, 6],
    ['openai.completions', { prompt: [1, 2, 3] }, undefined],
    ['openai.completions', { prompt: [[1, 2], [3]] }, 2],
    ['openai.responses', { n: 3 }, undefined],
    ['anthropic.messages', { n: 3 }, undefined],
  ])('of %s in %j are %s', (api, body, expected) => {
    expect(toFeatures(scan(body), api).choices).toBe(expected);
  });
});

describe('the input tokens', () => {
  const body = { prompt: 'x'.repeat(39) };
  const count = (text: string) => ({ tokens: text.length, exact: true });

  it('are a quarter of the characters unless somebody counts', () => {
    expect(toFeatures(scan(body), 'openai.completions')).toMatchObject({
      inputTokens: 10,
      estimatedBy: 'chars',
    });
    expect(toFeatures(scan(body), 'openai.completions', count)).toMatchObject({ estimatedBy: 'chars' });
  });

  it('are those of the sample, scaled to the whole', () => {
    const features = toFeatures(scan(body, true), 'openai.completions', count);
    expect(features).toMatchObject({ inputTokens: 40, estimatedBy: 'tokenizer' });
    const long = toFeatures(scan({ prompt: 'x'.repeat(999_999) }, true), 'openai.completions', count);
    expect(long.inputTokens).toBe(1_000_000);
  });

  it('of a list of token ids are its length', () => {
    expect(toFeatures(scan({ input: [5, 6, 7] }, true), 'openai.embeddings', count).inputTokens).toBe(3);
  });
});

describe('what decides the price beside the tokens', () => {
  it('is the service tier that is asked for', () => {
    expect(toFeatures(scan({ service_tier: 'priority' }), 'openai.chat').serviceTier).toBe('priority');
    expect(toFeatures(scan({}), 'openai.chat')).not.toHaveProperty('serviceTier');
  });

  it('is whether an hour of caching is, where the API has it', () => {
    const fields = scan({ system: [{ cache_control: { type: 'ephemeral', ttl: '1h' } }] });
    expect(toFeatures(fields, 'anthropic.messages').cachesForHour).toBe(true);
    expect(toFeatures(fields, 'openai.chat')).not.toHaveProperty('cachesForHour');
    expect(toFeatures(scan({}), 'anthropic.messages')).not.toHaveProperty('cachesForHour');
  });
});
