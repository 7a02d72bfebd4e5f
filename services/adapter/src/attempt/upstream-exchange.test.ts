import type { Api } from '@weir/contracts';
import { expect, it } from 'vitest';
import { providerRegistry } from '../providers/registry.ts';
import { toBytes } from '../testdata/pieces.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import type { AttemptInput } from './attempt-deps.ts';
import { selectTap } from './upstream-exchange.ts';

const charsOf = (headers: Record<string, string>, given: { api?: Api; status?: number } = {}): number => {
  const input = {
    meta: { api: given.api ?? 'generic', marks: {}, features: {} },
    upstream: { provider: providerRegistry.generic, config: upstreamConfig('http://localhost') },
  } as unknown as AttemptInput;
  const tap = selectTap(input, given.status ?? 200, headers);
  tap.push(toBytes('{"text":"12345678"}'));
  return tap.report.contentChars;
};

it.each([
  ['JSON is read', { 'content-type': 'application/json' }, 8],
  ['compressed JSON is not', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 19],
  ['a compressed stream is not', { 'content-type': 'text/event-stream', 'content-encoding': 'br' }, 19],
  ['plain text is all text', { 'content-type': 'text/plain; charset=utf-8' }, 19],
  ['a sound is no text', { 'content-type': 'audio/mpeg' }, 0],
  ['what does not say what it is counts for nothing', {}, 0],
])('of what an upstream answers with, its output is estimated: %s', (_what, headers, chars) => {
  expect(charsOf(headers as Record<string, string>)).toBe(chars);
});

it('errors, and answers without output, are not counted', () => {
  const text = { 'content-type': 'text/plain' };
  expect(charsOf(text, { status: 400 })).toBe(0);
  expect(charsOf({ 'content-type': 'application/json', 'content-encoding': 'gzip' }, { status: 500 })).toBe(
    0,
  );
  expect(charsOf(text, { api: 'openai.embeddings' })).toBe(0);
});
