import { afterEach, expect, it } from 'vitest';
import { type RawSite, startRawSite } from '../testdata/raw-site.ts';
import { type Answer, createQuestionClient, type QuestionClient } from './question-client.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const start = async (answer: Parameters<typeof startRawSite>[0]): Promise<[RawSite, QuestionClient]> => {
  const site = await startRawSite(answer);
  const client = createQuestionClient({ maxBytes: 1_000 });
  open.push(client, site);
  return [site, client];
};

const answerOf = (status: number, body: string, length = body.length): string =>
  `HTTP/1.1 ${status} X\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\n\r\n${body}`;

const ask = (
  client: QuestionClient,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => client.ask({ url, headers, statuses: [200, 204], deadlineMs: 300 });

it('reads what a server shows, and shows it who asks', async () => {
  let asked = '';
  const [site, client] = await start((socket, request) => {
    asked = request;
    socket.write(answerOf(200, 'vllm:num_requests_running 1\n'));
  });
  const headers = { authorization: 'Bearer key', accept: 'text/plain; version=0.0.4' };
  expect(await ask(client, `${site.url}/metrics`, headers)).toEqual({
    outcome: 'answered',
    text: 'vllm:num_requests_running 1\n',
  });
  expect(asked).toMatch(/^GET \/metrics HTTP/);
  expect(asked).toContain('authorization: Bearer key');
  expect(asked).toContain('accept: text/plain; version=0.0.4');
});

it.each<[string, (socket: { write(text: string): void; destroy(): void }) => void, object]>([
  ['another status', (socket) => socket.write(answerOf(404, 'no')), { outcome: 'status', status: 404 }],
  ['a redirect', (socket) => socket.write(answerOf(302, '')), { outcome: 'status', status: 302 }],
  [
    'too long an answer',
    (socket) => socket.write(answerOf(200, 'x'.repeat(1_001))),
    { outcome: 'too_large' },
  ],
  ['an answer that stops', (socket) => socket.write(answerOf(200, 'a 1', 30)), { outcome: 'late' }],
  ['no answer', () => undefined, { outcome: 'late' }],
  ['a closed connection', (socket) => socket.destroy(), { outcome: 'unreachable', why: 'UND_ERR_SOCKET' }],
])('fails by %s, within its deadline', async (_what, answer, failure) => {
  const [site, client] = await start(answer);
  const startedAt = performance.now();
  expect(await ask(client, `${site.url}/metrics`)).toEqual(failure);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

it('names the error where nobody listens', async () => {
  const [site, client] = await start(() => undefined);
  await site.close();
  expect(await ask(client, site.url)).toEqual({ outcome: 'unreachable', why: 'ECONNREFUSED' });
});

it('asks again after a failure, and beside a question that hangs', async () => {
  let answers = 0;
  const [site, client] = await start((socket) => {
    answers += 1;
    if (answers === 1) socket.end(answerOf(500, 'down'));
    if (answers === 3) socket.end(answerOf(200, 'up'));
  });
  expect(await ask(client, site.url)).toEqual({ outcome: 'status', status: 500 });
  const hanging = ask(client, site.url);
  expect(await ask(client, site.url)).toEqual({ outcome: 'answered', text: 'up' });
  expect(await hanging).toEqual({ outcome: 'late' });
});

it('fails at once after it was closed', async () => {
  const [site, client] = await start(() => undefined);
  await client.close();
  expect(await ask(client, site.url)).toMatchObject({ outcome: 'unreachable' });
});
