import { afterEach, expect, it } from 'vitest';
import { type RawSite, startRawSite } from '../testdata/raw-site.ts';
import { createMetricsClient, type MetricsClient } from './metrics-client.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const start = async (answer: Parameters<typeof startRawSite>[0]): Promise<[RawSite, MetricsClient]> => {
  const site = await startRawSite(answer);
  const client = createMetricsClient({ deadlineMs: 300, maxBytes: 1_000 });
  open.push(client, site);
  return [site, client];
};

const answerOf = (status: number, body: string, length = body.length): string =>
  `HTTP/1.1 ${status} X\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\n\r\n${body}`;

it('reads what an engine shows, and shows it who asks', async () => {
  let asked = '';
  const [site, client] = await start((socket, request) => {
    asked = request;
    socket.write(answerOf(200, 'vllm:num_requests_running 1\n'));
  });
  expect(await client.read(`${site.url}/metrics`, { authorization: 'Bearer key' })).toEqual({
    outcome: 'read',
    text: 'vllm:num_requests_running 1\n',
  });
  expect(asked).toMatch(/^GET \/metrics HTTP/);
  expect(asked).toContain('authorization: Bearer key');
  expect(asked).toContain('accept: text/plain; version=0.0.4');
});

it.each<[string, (socket: { write(text: string): void; destroy(): void }) => void, string]>([
  ['another status', (socket) => socket.write(answerOf(404, 'Not Found')), 'status'],
  ['a redirect', (socket) => socket.write(answerOf(302, '')), 'status'],
  ['too long an answer', (socket) => socket.write(answerOf(200, 'x'.repeat(1_001))), 'too_large'],
  ['an answer that stops', (socket) => socket.write(answerOf(200, 'a 1', 30)), 'unreachable'],
  ['no answer', () => undefined, 'unreachable'],
  ['a closed connection', (socket) => socket.destroy(), 'unreachable'],
])('fails by %s, within its deadline', async (_what, answer, reason) => {
  const [site, client] = await start(answer);
  const startedAt = performance.now();
  expect(await client.read(`${site.url}/metrics`, {})).toEqual({ outcome: 'failed', reason });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

it('asks again after a failure', async () => {
  let answers = 0;
  const [site, client] = await start((socket) => {
    answers += 1;
    socket.end(answers === 1 ? answerOf(500, 'down') : answerOf(200, 'up'));
  });
  expect(await client.read(site.url, {})).toEqual({ outcome: 'failed', reason: 'status' });
  expect(await client.read(site.url, {})).toEqual({ outcome: 'read', text: 'up' });
});

it('fails at once after it was closed', async () => {
  const [site, client] = await start(() => undefined);
  await client.close();
  expect(await client.read(site.url, {})).toEqual({ outcome: 'failed', reason: 'unreachable' });
});
