import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { isAttached } from '@weir/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BillingWatch, openBillingWatch } from './support/billing-watch.ts';
import { anthropicHeaders, bearer, call, type RawAnswer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';
import { type RecordingUpstream, startRecordingUpstream } from './support/recording-upstream.ts';

const key = {
  id: 'k1',
  sha256: createHash('sha256').update('secret-k1').digest('hex'),
  // A budget of each unit for each caller, so that no test sees what another spent.
  budgets: [
    { name: 'tokens', limit: 1_000_000, period: 'daily', key: 'header:x-user-id' },
    { name: 'money', unit: 'money', limit: '10', period: 'daily', key: 'header:x-user-id' },
    { name: 'requests', unit: 'requests', limit: 100, period: 'daily', key: 'header:x-user-id' },
  ],
};

describe.skipIf(isAttached())('what budgets of tokens, money and requests are charged', () => {
  let upstream: RecordingUpstream;
  let billing: BillingWatch;

  const mesh = useMesh(async () => {
    upstream = await startRecordingUpstream();
    const targets = [upstream.url];
    return {
      env: { WEIR_POLICY_STORE_TIMEOUT_MS: '2000' },
      config: {
        version: 1,
        upstreams: {
          openai: { provider: 'openai', targets, models: ['gpt'] },
          anthropic: { provider: 'anthropic', targets, models: ['claude'] },
          generic: { provider: 'generic', targets, models: ['any'] },
        },
        pricing: { models: [{ model: '*', inputPerMillion: 1, outputPerMillion: 10 }] },
        tenants: [{ org: 'e2e', keys: [key] }],
      },
    };
  });

  beforeAll(async () => {
    billing = await openBillingWatch(mesh().mesh.nats().url, 'e2e');
  });

  afterAll(async () => {
    await billing?.close();
    await upstream?.close();
  });

  const send = (user: string, path: string, body: object): Promise<RawAnswer> => {
    const headers = path.startsWith('/v1/messages') ? anthropicHeaders('secret-k1') : bearer('secret-k1');
    return call(mesh().baseUrl + path, {
      headers: { ...headers, 'x-user-id': user },
      body: JSON.stringify(body),
    });
  };

  it('a whole answer without usage is charged what went in and what came out, by estimate', async () => {
    const content = 'word '.repeat(400);
    upstream.answerWith((_recorded, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'x', model: 'gpt', choices: [{ index: 0, message: { content } }] }));
    });
    const body = { model: 'gpt', stream: false, messages: [{ role: 'user', content: 'Go on' }] };
    const answer = await send('unreported', '/v1/chat/completions', body);
    const record = await billing.recordOf(answer.headers['x-request-id'] ?? '');
    const outputTotal = content.length / 4;
    expect(record).toMatchObject({ quality: 'estimated', revision: 0, usage: { outputTotal } });
    const input = record.usage.inputTotal ?? 0;
    expect(input).toBeGreaterThan(0);
    expect(await billing.settledBudgetsOf(record)).toMatchObject({
      tokens: { spent: BigInt(input + outputTotal) },
      money: { spent: BigInt(record.rating.chargeNano) },
    });
    // 1 and 10 for a million: a thousand and ten thousand nano each.
    expect(record.rating.chargeNano).toBe(String(input * 1_000 + outputTotal * 10_000));
    expect(answer.headers).not.toHaveProperty('x-token-usage');
  });

  it('a client that leaves early is charged for what it was sent, however few events that was in', async () => {
    const event = (type: string, fields: object): string =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
    const usage = { input_tokens: 20, output_tokens: 1 };
    const start = event('message_start', { message: { id: 'm', model: 'claude', usage } });
    const text = 'many tokens in one event '.repeat(20);
    const delta = event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
    upstream.answerWith((_recorded, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(start + delta.repeat(3));
    });
    const leaving = new AbortController();
    const response = await fetch(`${mesh().baseUrl}/v1/messages`, {
      method: 'POST',
      headers: { ...anthropicHeaders('secret-k1'), 'x-user-id': 'leaving' },
      body: JSON.stringify({ model: 'claude', max_tokens: 4_000, stream: true, messages: [] }),
      signal: leaving.signal,
    });
    const reader = response.body?.getReader();
    for (let read = 0; read < (start + delta.repeat(3)).length; ) {
      read += (await reader?.read())?.value?.byteLength ?? 0;
    }
    leaving.abort();
    const record = await billing.recordOf(response.headers.get('x-request-id') ?? '');
    // Three events, and 1500 characters.
    expect(record).toMatchObject({
      outcome: 'client_cancelled',
      quality: 'partial',
      usage: { inputTotal: 20, outputTotal: 375 },
    });
    expect(await billing.settledBudgetsOf(record)).toMatchObject({
      tokens: { spent: 395n },
      money: { spent: 20n * 1_000n + 375n * 10_000n },
    });
  });

  describe('a stream of a generic upstream', () => {
    const chunk = (fields: object): string => `data: ${JSON.stringify({ model: 'any', ...fields })}\n\n`;
    const said = chunk({ choices: [{ index: 0, delta: { content: 'a dozen tokens, or thereabouts' } }] });
    const usage = chunk({ choices: [], usage: { prompt_tokens: 40, completion_tokens: 60 } });

    const record = async (user: string, write: (response: ServerResponse) => void) => {
      upstream.answerWith((_recorded, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        write(response);
      });
      const answer = await send(user, '/inference', { model: 'any', stream: true, inputs: 'x' });
      return { answer, record: await billing.recordOf(answer.headers['x-request-id'] ?? '') };
    };

    it('is charged the usage that it reports', async () => {
      const text = `${said}${usage}data: [DONE]\n\n`;
      const whole = await record('generic', (response) => response.end(text));
      expect(String(whole.answer.body)).toBe(text);
      expect(whole.record).toMatchObject({ outcome: 'completed', quality: 'reported', modelServed: 'any' });
      expect(await billing.settledBudgetsOf(whole.record)).toEqual({
        tokens: { spent: 100n, held: 0n },
        money: { spent: 40n * 1_000n + 60n * 10_000n, held: 0n },
        requests: { spent: 1n, held: 0n },
      });
    });
  });

  it('a count of tokens is a request, and costs neither tokens nor money', async () => {
    upstream.answerWith((_recorded, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"input_tokens":1234}');
    });
    const messages = [{ role: 'user', content: 'How much would this be? '.repeat(200) }];
    const answer = await send('counting', '/v1/messages/count_tokens', { model: 'claude', messages });
    expect(String(answer.body)).toBe('{"input_tokens":1234}');
    const record = await billing.recordOf(answer.headers['x-request-id'] ?? '');
    expect(record).toMatchObject({
      outcome: 'completed',
      quality: 'reported',
      usage: { inputTotal: 0 },
      rating: { status: 'rated', amountNano: '0', chargeNano: '0' },
      delta: { inputTokens: 0, outputTokens: 0, requests: 1 },
    });
    expect(record).not.toHaveProperty('estimatedInput');
    expect(await billing.settledBudgetsOf(record)).toEqual({
      tokens: { spent: 0n, held: 0n },
      money: { spent: 0n, held: 0n },
      requests: { spent: 1n, held: 0n },
    });
  });
});
