import type { Socket } from 'node:net';
import type { HealthCheckConfig } from '@weir/contracts';
import { expect, it } from 'vitest';
import type { LiveUpstream } from '../attempt/attempt-deps.ts';
import { providerRegistry } from '../providers/registry.ts';
import { startRawSite } from '../testdata/raw-site.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import { checkTarget } from './check-target.ts';
import type { Answer, Question } from './question-client.ts';

const checkOf = (given: Partial<HealthCheckConfig>): HealthCheckConfig => ({
  type: 'inference',
  path: '/v1/models',
  intervalMs: 1_000,
  timeoutMs: 300,
  healthyThreshold: 1,
  unhealthyThreshold: 1,
  expectedStatuses: [200, 204],
  expectedModels: [],
  ...given,
});

const upstreamAt = (url: string): LiveUpstream => ({
  name: 'gpu',
  config: upstreamConfig(url, { provider: 'openai-compatible' }),
  provider: providerRegistry['openai-compatible'],
  client: { questions: undefined } as never,
  credential: 'key',
  rulesOf: () => undefined,
});

const checkWith = async (answer: Answer, given: Partial<HealthCheckConfig> = {}) => {
  const upstream = upstreamAt('http://127.0.0.1:8000/base');
  const questions: Question[] = [];
  const client = {
    ask: (question: Question) => {
      questions.push(question);
      return Promise.resolve(answer);
    },
  };
  const [target] = upstream.config.targets;
  if (!target) throw new Error('no target');
  const result = await checkTarget(client, upstream, target, checkOf(given));
  return { result, question: questions[0] };
};

const listing = (...ids: readonly unknown[]): Answer => ({
  outcome: 'answered',
  text: JSON.stringify({ data: ids.map((id) => ({ id })) }),
});

it.each<[string, Answer, Partial<HealthCheckConfig>, string | undefined]>([
  ['all models that are expected', listing('a', 'b', 'c'), { expectedModels: ['a', 'c'] }, undefined],
  ['some of them', listing('a'), { expectedModels: ['a', 'b', 'c'] }, 'does not list b, c'],
  ['no list', { outcome: 'answered', text: '{"object":"error"}' }, {}, 'no list of models'],
  [
    'a list of nonsense',
    { outcome: 'answered', text: '{"data":[null,1]}' },
    { expectedModels: ['a'] },
    'does not list a',
  ],
  ['another status', { outcome: 'status', status: 401 }, {}, 'status 401, expected 200'],
  [
    'another status than a page of health may have',
    { outcome: 'status', status: 500 },
    { type: 'http' },
    'status 500, expected 200 or 204',
  ],
  [
    'a page of health, whatever it says',
    { outcome: 'answered', text: 'not JSON' },
    { type: 'http' },
    undefined,
  ],
  ['nothing in time', { outcome: 'late' }, {}, 'no answer within 300 ms'],
  ['no connection', { outcome: 'unreachable', why: 'ECONNREFUSED' }, {}, 'ECONNREFUSED'],
  ['too long an answer', { outcome: 'too_large' }, {}, 'an answer longer than any list of models'],
])('a target that answers with %s', async (_what, answer, check, why) => {
  const { result } = await checkWith(answer, check);
  expect(result).toEqual(why === undefined ? { outcome: 'passed' } : { outcome: 'failed', why });
});

it('shows its credential where models are asked for, and nowhere else', async () => {
  const models = await checkWith(listing('a'));
  expect(models.question).toMatchObject({ url: 'http://127.0.0.1:8000/base/v1/models', deadlineMs: 300 });
  expect(models.question?.headers).toMatchObject({ authorization: 'Bearer key' });
  const page = await checkWith(listing(), { type: 'http', path: '/health' });
  expect(page.question?.url).toBe('http://127.0.0.1:8000/base/health');
  expect(page.question?.headers).not.toHaveProperty('authorization');
});

it('a handshake that trickles in is late like any other', async () => {
  const trickle = (socket: Socket): void => {
    // The head of a record that is never whole.
    socket.write(Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00]));
    const timer = setInterval(() => socket.write(Buffer.from([0x02])), 20);
    socket.once('close', () => clearInterval(timer));
  };
  const site = await startRawSite(trickle);
  const upstream = upstreamAt(site.url.replace('http:', 'https:'));
  const [target] = upstream.config.targets;
  if (!target) throw new Error('no target');
  const client = { ask: () => Promise.reject(new Error('asked over HTTP')) };
  const check = checkOf({ type: 'tcp', timeoutMs: 120 });
  expect(await checkTarget(client, upstream, target, check)).toEqual({
    outcome: 'failed',
    why: 'no connection within 120 ms',
  });
  await site.close();
});
