import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Simulator, startSimulator } from '../start-simulator.ts';
import { parseEvents, post, readAvailable } from './test-client.ts';

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator();
});

beforeEach(() => {
  simulator.reset();
  simulator.configure({ fault: undefined, metrics: 'current' });
});

afterAll(() => simulator.close());

const paths = { openai: '/v1/chat/completions', anthropic: '/v1/messages', responses: '/v1/responses' };

const call = (
  fault: string | undefined,
  input: {
    wire?: keyof typeof paths;
    stream?: boolean;
    signal?: AbortSignal;
    text?: string;
    split?: string;
  } = {},
) => {
  const { wire = 'openai', stream = true, text = 'hello [[tokens:5]]' } = input;
  const messages = [{ role: 'user', content: text }];
  const own = wire === 'responses' ? { input: text } : { messages, max_tokens: 5000 };
  const body = { model: 'sim-gpt', stream, stream_options: { include_usage: true }, ...own };
  const headers = {
    'x-request-id': 'call',
    ...(fault === undefined ? {} : { 'x-sim-fault': fault }),
    ...(input.split === undefined ? {} : { 'x-sim-split': input.split }),
  };
  return post(`${simulator.url}${paths[wire]}`, body, headers, input.signal);
};

const record = () => simulator.requests('call')[0];

describe('a fault before the answer', () => {
  it.each([400, 401, 403, 404, 409, 422, 429, 500, 503, 529])(
    'answers %i in the shape of the API',
    async (status) => {
      const openai = await call(String(status));
      expect(openai.status).toBe(status);
      expect(openai.headers.get('retry-after')).toBe(status === 429 ? '1' : null);
      expect(await openai.json()).toMatchObject({
        error: { message: expect.any(String), type: expect.any(String) },
      });
      const anthropic = await call(String(status), { wire: 'anthropic' });
      expect(await anthropic.json()).toMatchObject({ type: 'error', error: { type: expect.any(String) } });
      expect(record()).toMatchObject({ outcome: 'faulted', status, promptTokens: 0, completionTokens: 0 });
    },
  );

  it('obeys the header of the vLLM simulator', async () => {
    const body = { model: 'sim-gpt', messages: [{ role: 'user', content: 'hello' }] };
    const response = await post(`${simulator.url}${paths.openai}`, body, { 'X-Return-Error': '500' });
    expect(response.status).toBe(500);
  });

  it('refuses a fault that it does not know', async () => {
    expect((await call('explode')).status).toBe(400);
  });

  it('resets the connection before any byte', async () => {
    await expect(call('reset-before')).rejects.toThrow();
    expect(record()).toMatchObject({ outcome: 'faulted', completionTokens: 0 });
  });

  it('answers with a page instead of JSON', async () => {
    const response = await call('html-500');
    expect(response.status).toBe(500);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain('<html>');
  });

  it('stalls without a byte until the client leaves', async () => {
    const abort = new AbortController();
    const response = call('stall-before', { signal: abort.signal });
    await vi.waitFor(() => expect(simulator.active()).toBe(1));
    abort.abort();
    await expect(response).rejects.toThrow();
    await vi.waitFor(() => expect(record()).toMatchObject({ outcome: 'aborted', completionTokens: 0 }));
  });

  it('starts late', async () => {
    const startedAt = performance.now();
    await (await call('slow-start:60')).text();
    expect(performance.now() - startedAt).toBeGreaterThan(55);
    expect(record()?.outcome).toBe('completed');
  });
});

describe('a fault inside a stream', () => {
  it('breaks the connection after so many events', async () => {
    const { text, ended } = await readAvailable(await call('reset-after:3'));
    expect(ended).toBe(false);
    expect(parseEvents(text)).toHaveLength(3);
    expect(record()).toMatchObject({ outcome: 'faulted', completionTokens: 2 });
  });

  it('breaks the connection after the head', async () => {
    const response = await call('reset-after:0');
    expect(response.status).toBe(200);
    expect(await readAvailable(response)).toEqual({ text: '', ended: false });
  });

  it('ends cleanly without a finish and without the end mark', async () => {
    const { text, ended } = await readAvailable(await call('truncate:99'));
    const events = parseEvents(text);
    expect(ended).toBe(true);
    expect(events).toHaveLength(6);
    expect(events.every(({ data }) => data.choices[0].finish_reason === null)).toBe(true);
    expect(record()).toMatchObject({ outcome: 'faulted', completionTokens: 5 });
  });

  it('falls silent and stays open until the client leaves', async () => {
    const abort = new AbortController();
    const response = await call('stall-after:2', { signal: abort.signal });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(parseEvents(new TextDecoder().decode(first?.value))).toHaveLength(2);
    expect(record()?.outcome).toBe('active');
    abort.abort();
    await vi.waitFor(() =>
      expect(record()).toMatchObject({ outcome: 'aborted', completionTokens: 1, status: 200 }),
    );
  });

  it('sends an error in band in the shape of each API', async () => {
    const openai = parseEvents(await (await call('error-event:2')).text());
    expect(openai).toHaveLength(4);
    expect(openai[2]?.data.error).toMatchObject({ type: 'server_error' });
    expect(openai[3]?.data).toBe('[DONE]');
    const anthropic = parseEvents(await (await call('error-event:4', { wire: 'anthropic' })).text());
    expect(anthropic.at(-1)).toMatchObject({
      event: 'error',
      data: { type: 'error', error: { type: 'overloaded_error' } },
    });
    const responses = parseEvents(await (await call('error-event:5', { wire: 'responses' })).text());
    expect(responses.at(-1)).toMatchObject({
      event: 'response.failed',
      data: { sequence_number: 5, response: { status: 'failed', error: { code: 'server_error' } } },
    });
  });

  it('sends the error as the first event of a 200', async () => {
    const response = await call('first-event-error');
    expect(response.status).toBe(200);
    expect(parseEvents(await response.text())[0]?.data).toHaveProperty('error');
  });

  it('leaves the usage out', async () => {
    const events = parseEvents(await (await call('no-usage')).text());
    expect(events.at(-1)?.data).toBe('[DONE]');
    expect(events.some(({ data }) => Boolean(data.usage))).toBe(false);
    expect(record()).toMatchObject({ outcome: 'completed', completionTokens: 5 });
    const anthropic = await (await call('no-usage', { wire: 'anthropic' })).text();
    expect(anthropic).not.toContain('usage');
  });

  it('breaks the JSON of one event only', async () => {
    const events = parseEvents(await (await call('malformed-json:3')).text());
    expect(events.map(({ data }) => typeof data)).toEqual([
      'object',
      'object',
      'string',
      'object',
      'object',
      'object',
      'object',
      'object',
      'string',
    ]);
  });

  it('lies about the content type', async () => {
    const response = await call('wrong-content-type');
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain('[DONE]');
  });
});

describe('a fault inside a whole answer', () => {
  it('breaks the connection in the middle of the body', async () => {
    const { text, ended } = await readAvailable(await call('reset-after:1', { stream: false }));
    expect(ended).toBe(false);
    expect(text).toMatch(/^\{"id"/);
    expect(record()).toMatchObject({ outcome: 'faulted', completionTokens: 5 });
  });

  it.each(['truncate:1', 'malformed-json:1'])('of %s is a body that does not parse', async (fault) => {
    await expect((await call(fault, { stream: false })).json()).rejects.toThrow();
  });

  it('has no usage', async () => {
    expect(await (await call('no-usage', { stream: false })).json()).not.toHaveProperty('usage');
  });
});

describe('a split stream', () => {
  it('arrives in pieces that cut events and characters, and joins to the same bytes', async () => {
    const text = 'unicode [[tokens:60]]';
    const whole = await (await call(undefined, { text })).text();
    const response = await call(undefined, { text, split: '7' });
    const pieces: Uint8Array[] = [];
    for await (const bytes of response.body ?? []) pieces.push(bytes);
    expect(pieces.length).toBeGreaterThan(20);
    expect(Buffer.concat(pieces).toString()).toBe(whole);
  });
});

describe('a configured fault', () => {
  it('strikes as often as its count says', async () => {
    const update = { fault: { name: '503', count: 2 } };
    const configured = await post(`${simulator.url}/admin/config`, update);
    expect(await configured.json()).toMatchObject({ fault: { name: '503', count: 2 } });
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await call(undefined)).status);
    expect(statuses).toEqual([503, 503, 200, 200]);
  });

  it('strikes at its rate', async () => {
    await post(`${simulator.url}/admin/config`, { fault: { name: '500', rate: 0.5 } });
    const responses = await Promise.all(Array.from({ length: 100 }, () => call(undefined)));
    const struck = responses.filter(({ status }) => status === 500).length;
    expect(struck).toBeGreaterThan(30);
    expect(struck).toBeLessThan(70);
  });
});

describe('metrics that fail while it serves', () => {
  const configure = (update: object) => post(`${simulator.url}/admin/config`, update);
  const readMetrics = () => fetch(`${simulator.url}/metrics`, { signal: AbortSignal.timeout(5_000) });
  const promptTokens = async () => {
    const line = (await (await readMetrics()).text())
      .split('\n')
      .find((one) => one.startsWith('vllm:prompt_tokens_total{'));
    return Number(line?.split(' ').at(-1));
  };

  it('stand still where they were at that moment, and go on when they are current again', async () => {
    await (await call(undefined)).text();
    const before = await promptTokens();
    expect(await (await configure({ metrics: 'frozen' })).json()).toMatchObject({ metrics: 'frozen' });
    await (await call(undefined)).text();
    await configure({ metrics: 'frozen' });
    expect(await promptTokens()).toBe(before);
    await configure({ metrics: 'current' });
    expect(await promptTokens()).toBeGreaterThan(before);
  });

  it('are status 500', async () => {
    await configure({ metrics: 'failing' });
    expect((await readMetrics()).status).toBe(500);
    expect((await call(undefined)).status).toBe(200);
  });

  it('never come', async () => {
    await configure({ metrics: 'stalled' });
    const impatient = fetch(`${simulator.url}/metrics`, { signal: AbortSignal.timeout(100) });
    await expect(impatient).rejects.toThrow('timeout');
    expect((await call(undefined)).status).toBe(200);
  });

  it('are current after a reset', async () => {
    await configure({ metrics: 'failing' });
    await post(`${simulator.url}/admin/reset`, {});
    expect((await readMetrics()).status).toBe(200);
  });
});
