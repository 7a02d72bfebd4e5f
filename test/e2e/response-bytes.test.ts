import { gzipSync } from 'node:zlib';
import { isAttached } from '@weir/testing';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { recordingMesh } from './support/recording-config.ts';
import {
  answerAsAsked,
  type RecordingUpstream,
  startRecordingUpstream,
} from './support/recording-upstream.ts';

const chat = '/v1/chat/completions';
const whole = '{"model":"rec-model","messages":[]}';
const streamed = '{"model":"rec-model","messages":[],"stream":true,"stream_options":{"include_usage":true}}';
const eventStream = { 'content-type': 'text/event-stream; charset=utf-8' };

const finish = '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}';

describe.skipIf(isAttached())('what the client is sent', () => {
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

  const send = (body: string, path = chat) => call(mesh().baseUrl + path, { headers: bearer(key), body });

  const relayed = async (
    body: string,
    headers: Record<string, string>,
    answer: string | Uint8Array,
    path = chat,
  ) => {
    upstream.answerWith((_recorded, response) => {
      response.writeHead(200, headers);
      response.end(answer);
    });
    return send(body, path);
  };

  it.each([
    [
      'whitespace and unknown fields',
      '\n{ "choices" : [ ],\t"x_groq":{"id":1},"usage":{"prompt_tokens":1} }\n\n',
    ],
    ['numbers that JavaScript cannot hold', '{"id":12345678901234567890,"p":1e400,"z":-0.0}'],
    ['what is no JSON at all', 'hello, I said application/json'],
    ['nothing', ''],
  ])('a whole answer with %s passes unchanged', async (_what, text) => {
    const answer = await relayed(whole, { 'content-type': 'application/json' }, text);
    expect(answer.body.toString()).toBe(text);
  });

  it('an answer of another type passes unchanged', async () => {
    const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => index % 256);
    const answer = await relayed(whole, { 'content-type': 'audio/mpeg' }, bytes);
    expect(answer.headers['content-type']).toBe('audio/mpeg');
    expect(answer.body.equals(Buffer.from(bytes))).toBe(true);
  });

  it.each([
    ['comments, ids and retry times', `: hi\n\nid: 1\nretry: 5\ndata: ${finish}\n\ndata: [DONE]\n\n`],
    ['line ends of CR LF', `data: ${finish}\r\n\r\ndata: [DONE]\r\n\r\n`],
    ['no space behind the colon', `data:${finish}\n\ndata:[DONE]\n\n`],
    ['a byte order mark', `\uFEFFdata: ${finish}\n\ndata: [DONE]\n\n`],
    ['unknown events', `event: surprise\ndata: 1\n\ndata: ${finish}\n\ndata: [DONE]\n\n`],
    ['no blank line at its end', `data: ${finish}\n\ndata: [DONE]`],
    ['data that is no JSON', `data: {"broken\n\ndata: ${finish}\n\ndata: [DONE]\n\n`],
    [
      'an event of a megabyte',
      `data: {"x":"${'y'.repeat(1_000_000)}"}\n\ndata: ${finish}\n\ndata: [DONE]\n\n`,
    ],
  ])('a stream with %s passes unchanged', async (_what, text) => {
    const answer = await relayed(streamed, eventStream, text);
    expect(answer.body.toString()).toBe(text);
    expect(answer.whole).toBe(true);
  });

  it.each([
    ['/v1/messages', '{"model":"rec-claude","stream":true}', 'message_stop'],
    ['/v1/responses', '{"model":"rec-model","stream":true}', 'response.completed'],
  ])('a stream of %s with line ends of CR LF passes unchanged', async (path, body, last) => {
    const event = (name: string) => `event: ${name}\r\ndata: {"type":"${name}"}\r\n\r\n`;
    const text = event('message_start') + event('response.created') + event(last);
    const answer = await relayed(body, eventStream, text, path);
    expect(answer.body.toString()).toBe(text);
  });

  it('a compressed answer passes as it came, although none was asked for', async () => {
    const bytes = gzipSync('{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}');
    const answer = await relayed(
      whole,
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      bytes,
    );
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(answer.body.equals(bytes)).toBe(true);
  });

  it("the provider's own headers reach the client, those of the connection do not", async () => {
    upstream.answerWith((_recorded, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'openai-organization': 'org-1',
        'openai-version': '2020-10-01',
        'x-ratelimit-remaining-tokens': '99',
        'x-request-id': 'req_of_the_provider',
        'set-cookie': ['a=1', 'b=2'],
        server: 'cloudflare',
        'keep-alive': 'timeout=1',
      });
      response.end('{}');
    });
    const { headers } = await send(whole);
    expect(headers).toMatchObject({
      'openai-organization': 'org-1',
      'openai-version': '2020-10-01',
      'x-ratelimit-remaining-tokens': '99',
      'x-upstream-request-id': 'req_of_the_provider',
    });
    expect(headers['x-request-id']).not.toBe('req_of_the_provider');
    expect(headers).not.toHaveProperty('set-cookie');
    expect(headers).not.toHaveProperty('server');
  });

  it.each([201, 202, 301, 307, 402, 451])('the status %i passes unchanged', async (status) => {
    upstream.answerWith((_recorded, response) => {
      response.writeHead(status, { 'content-type': 'application/json', location: 'http://127.0.0.1:1/' });
      response.end('{"odd":true}');
    });
    const answer = await send(whole);
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).toBe('{"odd":true}');
    expect(upstream.requests.length).toBe(1);
  });

  it('an answer without a body passes unchanged', async () => {
    upstream.answerWith((_recorded, response) => {
      response.writeHead(204);
      response.end();
    });
    const answer = await send(whole);
    expect(answer.status).toBe(204);
    expect(answer.body.byteLength).toBe(0);
  });

  it('a generic stream passes unchanged', async () => {
    const text = 'anything: at all\n\ndata: 1\n\n';
    const answer = await relayed('{"model":"rec-generic"}', eventStream, text, '/inference');
    expect(answer.body.toString()).toBe(text);
  });
});
