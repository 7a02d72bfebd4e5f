import { isAttached, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { dayMs, proveProviders, settledLedger } from '../chaos/support/ledger-oracle.ts';
import { anthropicHeaders, bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { toUsageReports } from './support/provider-reports.ts';
import { sampleRequests } from './support/sample-requests.ts';

interface SettledLine {
  readonly requestId: string;
  readonly attempt: number;
  readonly org: string;
  readonly team: string;
  readonly key: string;
  readonly model: string;
  readonly upstream: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly quality: string;
  readonly outcome: string;
}

const chatHeaders = bearer(key);
const chat = '/v1/chat/completions';
/** What a chat stream has said. */
const saidIn = (stream: string): string =>
  stream
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)).choices?.[0]?.delta?.content ?? '')
    .join('');

/** An estimate has a token for every four characters, where these are more than the events. */
const estimateOf = (said: string): number => Math.ceil(said.length / 4);

const user = (content: string) => [{ role: 'user', content }];

describe.skipIf(isAttached())('what metering settles', () => {
  const mesh = useMesh();

  const linesOf = (requestId: string): SettledLine[] =>
    mesh()
      .mesh.services.metering.flatMap((service) => service.log().split('\n'))
      .filter((line) => line.includes(requestId) && line.includes('usage settled'))
      .map((line) => JSON.parse(line));

  /** The accounts of a request, once there are so many. */
  const settledOf = (requestId: string, attempts = 1): Promise<SettledLine[]> =>
    waitFor(
      () => {
        const lines = linesOf(requestId);
        return lines.length >= attempts ? lines : undefined;
      },
      { what: `${attempts} accounts of ${requestId}` },
    );

  it.each(sampleRequests)(
    'the tokens of $what are those that the provider counted',
    async ({ path, api, body }) => {
      const headers = api === 'openai' ? chatHeaders : anthropicHeaders(key);
      const answer = await call(mesh().baseUrl + path, { headers, body: JSON.stringify(body) });
      const id = answer.headers['x-request-id'] ?? '';
      const [counted] = await mesh().simulator.settledCallsOf(id);
      const settled = await settledOf(id);
      expect(settled.length).toBe(1);
      expect(settled[0]).toMatchObject({
        attempt: 1,
        org: 'demo',
        team: 'developers',
        key: 'demo',
        upstream: api === 'openai' ? 'sim-openai' : 'sim-anthropic',
        // Counting tokens uses none.
        inputTokens: path.endsWith('count_tokens') ? 0 : counted?.promptTokens,
        quality: 'reported',
        outcome: 'completed',
      });
      expect(settled[0]?.outputTokens ?? 0).toBe(counted?.completionTokens);
    },
  );

  it('the ledger is what the providers say that they counted, and a call that one of them does not have is found', async () => {
    const natsUrl = mesh().mesh.nats().url;
    await settledLedger(natsUrl, 10_000);
    const counted = await mesh().simulator.allCalls();
    const [first = 0] = counted.map(({ startedAt }) => startedAt).sort((left, right) => left - right);
    const noon = Math.floor(first / dayMs) * dayMs + dayMs / 2;
    const shiftMs = noon - first;
    const calls = counted.map((one) => ({ ...one, startedAt: one.startedAt + shiftMs }));
    const prove = (own: typeof calls) => {
      const { completions, embeddings, messages } = toUsageReports(own);
      const pages = [
        { upstream: 'sim-openai', page: completions },
        { upstream: 'sim-openai', page: embeddings },
        { upstream: 'sim-anthropic', page: messages },
      ];
      return proveProviders(natsUrl, { pages, shiftMs });
    };
    const right = await prove(calls);
    expect(right).toMatchObject({ state: 'ok', findings: [] });
    expect(right.note).toMatch(/^3 days compared(?!.*midnight)/);
    for (const api of ['openai.chat', 'openai.embeddings', 'anthropic.messages']) {
      const lost = calls.find((one) => one.api === api);
      const { state, findings } = await prove(calls.filter((one) => one !== lost));
      expect(state).toBe('failed');
      expect(findings.map(({ what }) => what)).toContainEqual(
        expect.stringMatching(new RegExp(`^suspense of -${lost?.promptTokens} tokens, input`)),
      );
    }
  });

  it('each attempt is settled, the failed ones without an invented number', async () => {
    await mesh().simulator.configure({ fault: { name: '503', count: 2 } });
    const body = JSON.stringify({ model: 'sim-gpt', messages: user('x') });
    const answer = await call(mesh().baseUrl + chat, { headers: chatHeaders, body });
    const settled = await settledOf(answer.headers['x-request-id'] ?? '', 3);
    const byAttempt = settled.toSorted((left, right) => left.attempt - right.attempt);
    expect(byAttempt.map(({ outcome }) => outcome)).toEqual([
      'provider_error',
      'provider_error',
      'completed',
    ]);
    expect(byAttempt.map(({ quality }) => quality)).toEqual(['unknown', 'unknown', 'reported']);
    expect(byAttempt[0]).not.toHaveProperty('outputTokens');
  });

  it('a stream that breaks is settled with what was delivered', async () => {
    const body = JSON.stringify({ model: 'sim-gpt', messages: user('Go on [[tokens:30]]'), stream: true });
    const headers = {
      ...chatHeaders,
      'x-sim-fault': 'reset-after:11',
      'x-sim-ttft-ms': '5',
      'x-sim-itl-ms': '20',
    };
    const answer = await call(mesh().baseUrl + chat, { headers, body });
    const id = answer.headers['x-request-id'] ?? '';
    const [counted] = await mesh().simulator.settledCallsOf(id);
    const [settled] = await settledOf(id);
    expect(settled).toMatchObject({ outcome: 'provider_error', quality: 'estimated' });
    const said = saidIn(String(answer.body));
    // A token that the provider wrote may have died with the connection. The simulator's are whole words.
    const words = said.split(' ').length;
    expect(Math.abs(words - (counted?.completionTokens ?? 0))).toBeLessThanOrEqual(2);
    expect(estimateOf(said)).toBeGreaterThan(words);
    expect(settled?.outputTokens).toBe(estimateOf(said));
  });

  it('a stream that the client leaves is settled with what was delivered', async () => {
    const leaving = new AbortController();
    const response = await fetch(mesh().baseUrl + chat, {
      method: 'POST',
      headers: { ...chatHeaders, 'x-sim-ttft-ms': '5', 'x-sim-itl-ms': '20' },
      body: JSON.stringify({ model: 'sim-gpt', messages: user('Go on [[tokens:2000]]'), stream: true }),
      signal: leaving.signal,
    });
    const reader = response.body?.getReader();
    let read = '';
    for (let reads = 0; reads < 10; reads += 1) {
      read += new TextDecoder().decode((await reader?.read())?.value, { stream: true });
    }
    leaving.abort();
    const id = response.headers.get('x-request-id') ?? '';
    const [counted] = await mesh().simulator.settledCallsOf(id);
    const [settled] = await settledOf(id);
    expect(counted?.outcome).toBe('aborted');
    expect(settled).toMatchObject({ outcome: 'client_cancelled', quality: 'estimated' });
    const tokens = settled?.outputTokens ?? 0;
    expect(tokens).toBeGreaterThan(5);
    expect(tokens).toBeGreaterThanOrEqual(estimateOf(saidIn(read.slice(0, read.lastIndexOf('\n\n') + 2))));
    // Not a word more than the provider wrote: none is longer than 14 characters.
    expect(tokens).toBeLessThanOrEqual(estimateOf('x'.repeat(14 * (counted?.completionTokens ?? 0))));
  });

  it('an answer without usage is settled with an estimate that says so', async () => {
    const body = JSON.stringify({ model: 'sim-gpt', messages: user('Go on [[tokens:30]]'), stream: true });
    const headers = { ...chatHeaders, 'x-sim-fault': 'no-usage' };
    const answer = await call(mesh().baseUrl + chat, { headers, body });
    const [settled] = await settledOf(answer.headers['x-request-id'] ?? '');
    expect(settled).toMatchObject({ outcome: 'completed', quality: 'estimated' });
    const said = saidIn(String(answer.body));
    expect(said.split(' ')).toHaveLength(30);
    expect(settled?.outputTokens).toBe(estimateOf(said));
  });

  it('what is refused is not settled at all', async () => {
    const body = JSON.stringify({ model: 'no-such-model', messages: [] });
    const refused = await call(mesh().baseUrl + chat, { headers: chatHeaders, body });
    const after = await call(mesh().baseUrl + chat, {
      headers: chatHeaders,
      body: JSON.stringify({ model: 'sim-gpt', messages: user('after') }),
    });
    await settledOf(after.headers['x-request-id'] ?? '');
    expect(linesOf(refused.headers['x-request-id'] ?? '')).toEqual([]);
  });

  it('the counters of metering are the sums of the accounts', async () => {
    const [metering] = mesh().mesh.services.metering;
    const counterOf = (text: string, type: string): number => {
      const lines = text
        .split('\n')
        .filter((line) => line.startsWith('weir_inference_tokens_total{') && line.includes(`type="${type}"`));
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    };
    const settled = (metering?.log() ?? '')
      .split('\n')
      .filter((line) => line.includes('usage settled'))
      .map((line): SettledLine => JSON.parse(line));
    const text = await (await fetch(`${metering?.healthUrl}/metrics`)).text();
    expect(settled.length).toBeGreaterThan(20);
    expect(counterOf(text, 'input')).toBe(settled.reduce((sum, line) => sum + (line.inputTokens ?? 0), 0));
    expect(counterOf(text, 'output')).toBe(settled.reduce((sum, line) => sum + (line.outputTokens ?? 0), 0));
  });
});
