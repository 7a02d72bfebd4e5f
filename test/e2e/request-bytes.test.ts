import { isAttached } from '@weir/testing';
import OpenAI from 'openai';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { anthropicHeaders, bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { providerKey, recordingMesh } from './support/recording-config.ts';
import {
  answerAsAsked,
  type RecordingUpstream,
  startRecordingUpstream,
} from './support/recording-upstream.ts';

describe.skipIf(isAttached())('what the provider is sent', () => {
  let upstream: RecordingUpstream;
  const mesh = useMesh(async () => {
    upstream = await startRecordingUpstream();
    return recordingMesh(upstream.url);
  });
  afterAll(() => upstream.close());
  beforeEach(() => {
    upstream.clear();
    upstream.answerWith(answerAsAsked);
  });

  const send = (path: string, body: string, headers: Record<string, string> = {}) =>
    call(mesh().baseUrl + path, { headers: { ...bearer(key), ...headers }, body });

  const odd =
    '"z":1,"big":12345678901234567890,"huge":1e400,"neg":-0.0,"esc":"\\u0041\\/\\ud83d\\ude00","twice":1,"twice":2,' +
    '"nested":{"stream":true,"model":"inner","stream_options":{}},"ünï":"cödé 🦫","":null,"a":[ ]';

  it.each([
    ['/v1/chat/completions', `{"model":"rec-model","messages":[{"role":"user","content":"x"}],${odd}}`],
    ['/v1/chat/completions', `\r\n\t{ "messages" : [ ] ,\n "model"\t:\r\n"rec-model" , ${odd} }  \n\n`],
    ['/v1/chat/completions', `{"stream":false,"model":"rec-model","messages":[]}`],
    ['/v1/chat/completions', `{"stream":null,"stream_options":null,"model":"rec-model","messages":[]}`],
    ['/v1/completions', `{"model":"rec-model","prompt":[1,2,3],${odd}}`],
    ['/v1/embeddings', `{"model":"rec-model","input":["a"],"encoding_format":"base64",${odd}}`],
    ['/v1/responses', `{"model":"rec-model","input":"x",${odd}}`],
    ['/v1/responses', `{"model":"rec-model","input":"x","stream":true,${odd}}`],
    ['/v1/messages', `{"model":"rec-claude","max_tokens":1,"messages":[],${odd}}`],
    ['/v1/messages', `{ "stream" : true , "model":"rec-claude","max_tokens":1,"messages":[],${odd}}`],
    ['/v1/messages/count_tokens', `{"model":"rec-claude","messages":[],${odd}}`],
    ['/inference', `{"model":"rec-generic","inputs":"x","stream":true,${odd}}`],
  ])('every byte of a body passes as it came: %s %s', async (path, body) => {
    await send(path, body);
    expect(upstream.last().body.toString()).toBe(body);
    expect(upstream.last().path).toBe(path);
    expect(upstream.last().method).toBe('POST');
  });

  it.each([
    ['{"model":"nick","messages":[]}', '{"model":"rec-model","messages":[]}'],
    [
      '{ "messages":[], "model" : "n\\u0069ck" ,"z":"nick"}',
      '{ "messages":[], "model" : "rec-model" ,"z":"nick"}',
    ],
    ['{"a":{"model":"nick"},"model":"nick"}', '{"a":{"model":"nick"},"model":"rec-model"}'],
  ])('an alias changes the name of the model and nothing else: %s', async (body, expected) => {
    await send('/v1/chat/completions', body);
    expect(upstream.last().body.toString()).toBe(expected);
  });

  it.each([
    [
      '{"stream":true,"model":"rec-model"}',
      '{"stream_options":{"include_usage":true},"stream":true,"model":"rec-model"}',
    ],
    [
      '{ "model":"rec-model","stream":true,"stream_options":{}}',
      '{ "model":"rec-model","stream":true,"stream_options":{"include_usage":true}}',
    ],
    [
      '{"model":"rec-model","stream":true,"stream_options": { "other" : 1 } }',
      '{"model":"rec-model","stream":true,"stream_options": {"include_usage":true, "other" : 1 } }',
    ],
    [
      '{"model":"rec-model","stream":true,"stream_options":{"include_usage" : false}}',
      '{"model":"rec-model","stream":true,"stream_options":{"include_usage" : true}}',
    ],
    [
      '{"model":"rec-model","stream":true,"stream_options":{"include_usage" : true}}',
      '{"model":"rec-model","stream":true,"stream_options":{"include_usage" : true}}',
    ],
    [
      '{"model":"rec-model","stream":true,"stream_options": null}',
      '{"model":"rec-model","stream":true,"stream_options": {"include_usage":true}}',
    ],
  ])('a stream is made to report its usage, and nothing else changes: %s', async (body, expected) => {
    const asked = JSON.parse(body);
    const answer = await send('/v1/chat/completions', body);
    const sent = upstream.last().body.toString();
    expect(JSON.parse(sent)).toEqual({
      ...asked,
      stream_options: { ...asked.stream_options, include_usage: true },
    });
    expect(sent).toBe(expected);
    expect(answer.body.includes('"usage"')).toBe(asked.stream_options?.include_usage === true);
  });

  it('the body that the official client makes arrives as it made it, unknown fields included', async () => {
    let made = '';
    const client = new OpenAI({
      apiKey: key,
      baseURL: `${mesh().baseUrl}/v1`,
      maxRetries: 0,
      fetch: (url, init) => {
        made = String(init?.body);
        return fetch(url, init);
      },
    });
    const body = {
      model: 'rec-model',
      messages: [{ role: 'user' as const, content: 'x' }],
      chat_template_kwargs: { thinking: true },
      top_k: 7,
    };
    await client.chat.completions.create(body);
    expect(upstream.last().body.toString()).toBe(made);
    expect(made).toContain('chat_template_kwargs');
  });

  it('the query of a request travels on', async () => {
    await send('/v1/messages?beta=true&x=%2F', '{"model":"rec-claude"}');
    expect(upstream.last().path).toBe('/v1/messages?beta=true&x=%2F');
  });

  const secret = {
    cookie: 'session=1',
    'x-api-key': key,
    'proxy-authorization': 'Basic eA==',
    'x-forwarded-for': '10.0.0.1',
    'x-not-configured': '1',
  };

  it('of the headers, only those of the API, the configured ones and our own travel to an OpenAI upstream', async () => {
    const headers = {
      ...secret,
      'openai-beta': 'assistants=v2',
      'idempotency-key': 'idem-1',
      'x-client-request-id': 'client-1',
      'x-custom-tag': 'blue',
      'user-agent': 'somebody/1.0',
      'accept-encoding': 'gzip',
    };
    const body = '{"model":"rec-model","messages":[]}';
    const answer = await send('/v1/chat/completions', body, headers);
    const { host, connection, ...sent } = upstream.last().headers;
    expect(host).toBe(new URL(upstream.url).host);
    expect(connection).toBe('keep-alive');
    expect(sent).toEqual({
      authorization: `Bearer ${providerKey}`,
      'content-type': 'application/json',
      'content-length': String(body.length),
      'accept-encoding': 'identity',
      'user-agent': 'weir/0.1',
      'x-request-id': answer.headers['x-request-id'],
      'x-weir-attempt': expect.stringMatching(/^1\.[0-9a-z]+$/),
      'openai-beta': 'assistants=v2',
      'idempotency-key': 'idem-1',
      'x-client-request-id': 'client-1',
      'x-custom-tag': 'blue',
    });
  });

  it('of the headers, only those of the API and our own travel to an Anthropic upstream', async () => {
    const headers = {
      ...anthropicHeaders(key),
      authorization: `Bearer ${key}`,
      cookie: 'session=1',
      'anthropic-version': '2099-01-01',
      'anthropic-beta': 'one,two',
      'x-custom-tag': 'blue',
    };
    const body = '{"model":"rec-claude","max_tokens":1,"messages":[]}';
    const answer = await call(`${mesh().baseUrl}/v1/messages`, { headers, body });
    const { host: _host, connection: _connection, ...sent } = upstream.last().headers;
    expect(sent).toEqual({
      'x-api-key': providerKey,
      'content-type': 'application/json',
      'content-length': String(body.length),
      'accept-encoding': 'identity',
      'user-agent': 'weir/0.1',
      'x-request-id': answer.headers['x-request-id'],
      'x-weir-attempt': expect.stringMatching(/^1\.[0-9a-z]+$/),
      'anthropic-version': '2099-01-01',
      'anthropic-beta': 'one,two',
    });
  });

  it('an Anthropic upstream is told the version that the client left out', async () => {
    await send('/v1/messages', '{"model":"rec-claude","max_tokens":1,"messages":[]}');
    expect(upstream.last().headers['anthropic-version']).toBe('2023-06-01');
  });

  it("the client's key is in nothing that a provider is sent", async () => {
    await send('/v1/chat/completions', '{"model":"rec-model"}', secret);
    await send('/v1/messages', '{"model":"rec-claude"}', secret);
    await send('/inference', '{"model":"rec-generic"}', secret);
    expect(upstream.requests.length).toBe(3);
    for (const { headers } of upstream.requests) expect(JSON.stringify(headers)).not.toContain(key);
  });
});
