import { demoKey, isAttached } from '@weir/testing';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { bearer, call, parseBody, type RawAnswer } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { answerAsAsked, startRecordingUpstream } from './support/recording-upstream.ts';

describe.skipIf(isAttached())('what routes and upstreams can be told', () => {
  const recording = startRecordingUpstream();
  afterAll(async () => (await recording).close());
  beforeEach(async () => {
    const { clear, answerWith } = await recording;
    clear();
    answerWith(answerAsAsked);
  });

  const mesh = useMesh(async () => ({
    config: {
      version: 1,
      upstreams: {
        plain: { provider: 'openai-compatible', targets: [(await recording).url] },
      },
      routes: [
        {
          name: 'timed',
          match: { pathPrefix: '/timed' },
          stripPrefix: '/timed',
          upstreams: ['plain'],
          retry: { attempts: 5, backoffMs: 1, perTryTimeoutMs: 400, timeoutMs: 600 },
          fallback: { upstreams: ['plain'] },
        },
      ],
      tenants: [{ org: 'demo', keys: [demoKey.entry] }],
    },
  }));

  const ask = (prefix: string, body: object = {}): Promise<RawAnswer> =>
    call(`${mesh().baseUrl}${prefix}/v1/chat/completions`, {
      headers: bearer(key),
      body: JSON.stringify({ model: 'any', messages: [{ role: 'user', content: 'Hello' }], ...body }),
    });

  it('retry.timeoutMs ends the last attempt and begins no other', async () => {
    const { answerWith, requests } = await recording;
    answerWith(() => undefined);
    const startedAt = performance.now();
    const answer = await ask('/timed');
    // With the others it would take two seconds, and as many again at the fallback.
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect(answer.status).toBe(504);
    expect(parseBody(answer).error.code).toBe('first_byte_timeout');
    expect(requests).toHaveLength(2);
  });
});
