import { connect } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Simulator, startSimulator } from '../start-simulator.ts';
import { parseEvents, post } from './test-client.ts';

let simulator: Simulator;

afterEach(() => simulator.close());

const chat = (text: string, stream = true) => ({
  model: 'sim-gpt',
  stream,
  messages: [{ role: 'user', content: text }],
});

const postChat = (body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  post(`${simulator.url}/v1/chat/completions`, body, { 'x-request-id': 'call', ...headers }, signal);

const readMetric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${simulator.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}{`));
  return Number(line?.split(' ').at(-1));
};

describe('a client that leaves', () => {
  it('stops a paced stream, and only what was sent is in the books', async () => {
    simulator = await startSimulator({ profile: 'paced', ttftMs: 0, itlMs: 5 });
    const abort = new AbortController();
    const response = await postChat(chat('[[tokens:10000]]'), {}, abort.signal);
    await response.body?.getReader().read();
    abort.abort();
    await vi.waitFor(() => expect(simulator.active()).toBe(0));
    const [record] = simulator.requests('call');
    expect(record).toMatchObject({ outcome: 'aborted', status: 200 });
    expect(record?.completionTokens).toBeGreaterThan(0);
    expect(record?.completionTokens).toBeLessThan(10_000);
    expect(record?.abortedAt).toBeGreaterThanOrEqual(record?.startedAt ?? Number.NaN);
  });

  it('frees its blocks and its place in the queue of the engine', async () => {
    simulator = await startSimulator({ profile: '8b-h100' });
    const abort = new AbortController();
    const body = chat('[[tokens:100000]]', false);
    const left = postChat(body, {}, abort.signal);
    await vi.waitFor(async () => expect(await readMetric('vllm:num_requests_running')).toBe(1));
    expect(await readMetric('vllm:kv_cache_usage_perc')).toBeGreaterThan(0);
    abort.abort();
    await expect(left).rejects.toThrow();
    await vi.waitFor(async () => expect(await readMetric('vllm:num_requests_running')).toBe(0));
    expect(await readMetric('sim_true_used_blocks')).toBe(0);
    expect(simulator.requests('call')).toMatchObject([{ outcome: 'aborted' }]);
  });

  it('reads nothing of a long answer, and is not charged for what was never sent', async () => {
    simulator = await startSimulator();
    const body = JSON.stringify(chat('[[tokens:500000]]'));
    const socket = connect(simulator.port, '127.0.0.1');
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\nx-request-id: call\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.pause();
    socket.write(head + body);
    await vi.waitFor(() => expect(simulator.active()).toBe(1));
    socket.destroy();
    await vi.waitFor(() => expect(simulator.active()).toBe(0));
    const [record] = simulator.requests('call');
    expect(record?.outcome).toBe('aborted');
    expect(record?.completionTokens).toBeLessThan(250_000);
  });
});

describe('the books', () => {
  it('name the attempt of the caller, and say whether the usage went out', async () => {
    simulator = await startSimulator();
    const options = { stream_options: { include_usage: true } };
    await (await postChat({ ...chat('hi'), ...options }, { 'x-weir-attempt': '1.k3x' })).text();
    await (await postChat(chat('hi'), { 'x-weir-attempt': '2.z' })).text();
    await (await postChat(chat('hi', false))).text();
    const faults = { 'x-sim-fault': 'no-usage' };
    await (await postChat(chat('hi', false), faults)).text();
    expect(simulator.requests('call').map(({ attempt, usageSent }) => [attempt, usageSent])).toEqual([
      ['1.k3x', true],
      ['2.z', false],
      [undefined, true],
      [undefined, false],
    ]);
  });
});

describe('time', () => {
  it('of a call can be set by its own headers', async () => {
    simulator = await startSimulator();
    const startedAt = performance.now();
    const response = await postChat(chat('[[tokens:3]]'), { 'x-sim-ttft-ms': '40', 'x-sim-itl-ms': '20' });
    const headMs = performance.now() - startedAt;
    await response.text();
    expect(headMs).toBeGreaterThan(35);
    expect(performance.now() - startedAt).toBeGreaterThan(75);
  });

  it('of an engine is shared, and the prefix that it has seen comes from the cache', async () => {
    simulator = await startSimulator({ profile: '8b-h100', speedup: 50 });
    const body = { ...chat(`${'x'.repeat(4000)} [[tokens:4]]`), stream_options: { include_usage: true } };
    const usageOf = async (response: Response) => parseEvents(await response.text()).at(-2)?.data.usage;
    expect(await usageOf(await postChat(body))).toMatchObject({
      prompt_tokens_details: { cached_tokens: 0 },
    });
    expect(await usageOf(await postChat(body))).toMatchObject({
      prompt_tokens_details: { cached_tokens: 992 },
    });
    expect(await readMetric('vllm:prefix_cache_hits_total')).toBe(992);
    expect(await readMetric('vllm:time_to_first_token_seconds_count')).toBe(2);
    expect(await readMetric('vllm:inter_token_latency_seconds_count')).toBe(6);
    expect(await readMetric('vllm:generation_tokens_total')).toBe(8);
  });

  it('refuses a prompt that no engine could hold', async () => {
    simulator = await startSimulator({ profile: '8b-h100', speedup: 50 });
    const response = await postChat(chat('x'.repeat(2_000_000)));
    expect(response.status).toBe(400);
    expect(simulator.requests('call')).toMatchObject([{ outcome: 'rejected', promptTokens: 0 }]);
  });
});

describe('the books', () => {
  it('count every call by id, and all calls', async () => {
    simulator = await startSimulator();
    await (await postChat(chat('[[tokens:4]]'))).text();
    await (await postChat(chat('[[tokens:6]]', false))).text();
    const { url } = simulator;
    const own = await (await fetch(`${url}/admin/requests?id=call`)).json();
    expect(own).toMatchObject({ id: 'call', calls: [{ completionTokens: 4 }, { completionTokens: 6 }] });
    const all = await (await fetch(`${url}/admin/requests`)).json();
    expect(all).toMatchObject({ count: 2, totals: { completionTokens: 10, outcomes: { completed: 2 } } });
    const lines = await (await fetch(`${url}/admin/requests?list`)).text();
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(['call', 'call']);
    expect(await (await fetch(`${url}/admin/active`)).json()).toEqual({ active: 0 });
    await post(`${url}/admin/reset`, {});
    expect(simulator.totals().calls).toBe(0);
  });

  it('refuse a body that is too large', async () => {
    simulator = await startSimulator({ maxBodyBytes: 1000 });
    const response = await postChat(chat('x'.repeat(2000)));
    expect(response.status).toBe(413);
  });

  it('change nothing when one part of an update is wrong', async () => {
    simulator = await startSimulator();
    const response = await post(`${simulator.url}/admin/config`, { ttftMs: 1, profile: 'warp' });
    expect(response.status).toBe(400);
    expect(await (await fetch(`${simulator.url}/admin/config`)).json()).toMatchObject({
      ttftMs: 50,
      profile: 'instant',
    });
  });

  it('make it ill, and well again, for whoever asks for its health', async () => {
    simulator = await startSimulator();
    const { url } = simulator;
    const healthAs = async (healthStatus: number): Promise<number> => {
      await post(`${url}/admin/config`, { healthStatus });
      return (await fetch(`${url}/health`)).status;
    };
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect([await healthAs(503), await healthAs(200), await healthAs(503)]).toEqual([503, 200, 503]);
    await post(`${url}/admin/reset`, {});
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});
