import { createHash } from 'node:crypto';
import { decodePacket, type EnvelopeMeta, encodeEnvelope, readJsonFrame, subjects } from '@weir/contracts';
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

const chunk = (fields: object): string => `data: ${JSON.stringify({ model: 'any', ...fields })}\n\n`;
const event = (type: string, fields: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

const openaiUsage = { prompt_tokens: 40, completion_tokens: 60, total_tokens: 100 };
const responsesUsage = { input_tokens: 40, output_tokens: 60, total_tokens: 100 };
const chatChunks =
  chunk({ choices: [{ index: 0, delta: { content: 'Hi' } }] }) +
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }) +
  chunk({ choices: [], usage: openaiUsage }) +
  'data: [DONE]\n\n';
const textChunks =
  chunk({ choices: [{ index: 0, text: 'Hi', finish_reason: 'stop' }] }) +
  chunk({ choices: [], usage: openaiUsage }) +
  'data: [DONE]\n\n';
const messageEvents =
  event('message_start', { message: { model: 'claude', usage: { input_tokens: 40, output_tokens: 1 } } }) +
  event('content_block_delta', { delta: { type: 'text_delta', text: 'Hi' } }) +
  event('message_delta', { usage: { output_tokens: 60 } }) +
  event('message_stop');
const responseEvents =
  event('response.output_text.delta', { delta: 'Hi' }) +
  event('response.completed', { response: { model: 'gpt', usage: responsesUsage } });

const chat = { path: '/v1/chat/completions', body: { model: 'gpt', messages: [] } };
const completion = { path: '/v1/completions', body: { model: 'gpt', prompt: 'x' } };
const responses = { path: '/v1/responses', body: { model: 'gpt', input: 'x' } };
const messages = { path: '/v1/messages', body: { model: 'claude', max_tokens: 99, messages: [] } };
const embeddings = { path: '/v1/embeddings', body: { model: 'gpt', input: 'x' } };
const inference = { path: '/inference', body: { model: 'any', inputs: 'x' } };

const whole = (what: string, api: object, usage: object, output = 60) => ({
  ...(api as typeof chat),
  what,
  type: 'application/json',
  text: JSON.stringify({ model: 'any', usage }),
  input: 40,
  output,
});
const stream = (what: string, api: object, text: string) => {
  const { path, body } = api as typeof chat;
  return {
    path,
    body: { ...body, stream: true },
    what,
    type: 'text/event-stream',
    text,
    input: 40,
    output: 60,
  };
};

/** Each API, with what the provider says that it used. */
const billed = [
  whole('chat', chat, openaiUsage),
  stream('chat-stream', chat, chatChunks),
  whole('completions', completion, openaiUsage),
  stream('completions-stream', completion, textChunks),
  whole('responses', responses, responsesUsage),
  stream('responses-stream', responses, responseEvents),
  whole('messages', messages, { input_tokens: 40, output_tokens: 60 }),
  stream('messages-stream', messages, messageEvents),
  whole('embeddings', embeddings, { prompt_tokens: 40, total_tokens: 40 }, 0),
  whole('inference', inference, openaiUsage),
  stream('inference-stream', inference, chatChunks),
];

const forgedId = '0198c0de-0000-7000-8000-0000000000ff';

/** All that a request has on its way, signed by somebody who does not have the secret. */
const forgedMeta = (replyTo: string, bytes: number): EnvelopeMeta => {
  const soon = Date.now() + 30_000;
  return {
    v: 1,
    id: forgedId,
    replyTo,
    ingress: 'forger',
    deadline: soon,
    receivedAt: soon - 30_000,
    route: 'openai-chat',
    api: 'openai.chat',
    method: 'POST',
    path: '/v1/chat/completions',
    model: 'gpt',
    stream: false,
    submission: 0,
    features: { chars: 0, messages: 0, tools: 0 },
    marks: {},
    body: { where: 'inline', bytes },
    client: { ip: '127.0.0.1', headers: {} },
    principal: { org: 'e2e', team: '_', key: 'k1' },
    grant: { holds: [], expiresAt: soon, mac: createHash('sha256').update('forged').digest('base64url') },
    attempt: {
      number: 1,
      upstream: 'openai',
      target: 't0',
      model: 'gpt',
      remaining: 0,
      alternatives: 0,
      excluded: [],
      scheduler: 'forger',
      dispatch: 1,
      reservedTokens: 1,
    },
  };
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

  const headersOf = (path: string) =>
    path.startsWith('/v1/messages') ? anthropicHeaders('secret-k1') : bearer('secret-k1');

  const send = (user: string, path: string, body: object): Promise<RawAnswer> =>
    call(mesh().baseUrl + path, {
      headers: { ...headersOf(path), 'x-user-id': user },
      body: JSON.stringify(body),
    });

  /** A stream that stands still after `text`, which its client has read. */
  const readSoFar = async (
    user: string,
    api: { readonly path: string; readonly body: object },
    text: string,
  ) => {
    let breakOff = (): void => undefined;
    upstream.answerWith((_recorded, response) => {
      breakOff = () => response.destroy();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(text);
    });
    const leaving = new AbortController();
    const response = await fetch(mesh().baseUrl + api.path, {
      method: 'POST',
      headers: { ...headersOf(api.path), 'x-user-id': user },
      body: JSON.stringify({ ...api.body, stream: true }),
      signal: leaving.signal,
    });
    const reader = response.body?.getReader();
    for (let read = 0; read < text.length; ) read += (await reader?.read())?.value?.byteLength ?? 0;
    // However it ends, the test knows.
    reader?.closed.catch(() => undefined);
    return { id: response.headers.get('x-request-id') ?? '', breakOff, leave: () => leaving.abort() };
  };

  it.each(billed)('of $what what it used, no more and no less, and hold nothing after', async (row) => {
    const { path, body, type, text, input, output } = row;
    upstream.answerWith((_recorded, response) => {
      response.writeHead(200, { 'content-type': type });
      response.end(text);
    });
    const answer = await send(row.what, path, body);
    expect(answer.status).toBe(200);
    const record = await billing.recordOf(answer.headers['x-request-id'] ?? '');
    expect(record).toMatchObject({ outcome: 'completed', quality: 'reported' });
    expect(record.charges).toHaveLength(3);
    expect(await billing.settledBudgetsOf(record)).toEqual({
      tokens: { spent: BigInt(input + output), held: 0n },
      money: { spent: BigInt(input) * 1_000n + BigInt(output) * 10_000n, held: 0n },
      requests: { spent: 1n, held: 0n },
    });
    expect(record.rating.chargeNano).toBe(String(input * 1_000 + output * 10_000));
  });

  it('nothing of an envelope that policy did not let pass: no provider is called', async () => {
    const [adapter] = mesh().mesh.services.adapter;
    const before = upstream.requests.length;
    const replyTo = `weir.v1.reply.forger.${forgedId}`;
    const answered = Promise.withResolvers<Uint8Array>();
    billing.bus.subscribe(replyTo, ({ data }) => answered.resolve(data.slice()));
    await billing.bus.flush(2_000);
    const body = new TextEncoder().encode('{"model":"gpt","messages":[]}');
    const forged = forgedMeta(replyTo, body.byteLength);
    billing.bus.publish(subjects.run(adapter?.instance ?? ''), encodeEnvelope(forged, body));
    const decoded = decodePacket(await answered.promise);
    if (decoded.outcome !== 'decoded') throw new Error('no packet');
    const [frame] = decoded.packet.frames;
    expect(frame && readJsonFrame(frame)).toMatchObject({ reason: 'no_grant' });
    // Another request has gone all the way since.
    const answer = await send('after', '/v1/chat/completions', { model: 'gpt', messages: [] });
    await billing.recordOf(answer.headers['x-request-id'] ?? '');
    expect(upstream.requests.length).toBe(before + 1);
  });

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
    const usage = { input_tokens: 20, output_tokens: 1 };
    const start = event('message_start', { message: { id: 'm', model: 'claude', usage } });
    const text = 'many tokens in one event '.repeat(20);
    const delta = event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
    // An estimate never goes beyond the cap.
    const api = { ...messages, body: { ...messages.body, max_tokens: 4_000 } };
    const { id, leave } = await readSoFar('leaving', api, start + delta.repeat(3));
    leave();
    const record = await billing.recordOf(id);
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

  it('a generic stream that breaks is a failure, and is charged what had come', async () => {
    const said = chunk({ choices: [{ index: 0, delta: { content: 'a dozen tokens, or thereabouts' } }] });
    const text = chunk({ choices: [], usage: openaiUsage }) + said.repeat(20);
    const { id, breakOff } = await readSoFar('generic-cut', inference, text);
    breakOff();
    const record = await billing.recordOf(id);
    expect(record).toMatchObject({
      outcome: 'provider_error',
      quality: 'partial',
      // 20 times 30 characters, and 60 that were reported.
      usage: { inputTotal: 40, outputTotal: 150 },
    });
    expect(await billing.settledBudgetsOf(record)).toMatchObject({ tokens: { spent: 190n } });
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
