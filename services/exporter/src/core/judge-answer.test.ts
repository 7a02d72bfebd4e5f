import { expect, test } from 'vitest';
import { judgeAnswer } from './judge-answer.ts';

const judged = (status: number, retryAfterMs?: number) => judgeAnswer({ status, text: 'why', retryAfterMs });

test.each([200, 201, 202, 204])('%i is delivered', (status) => {
  expect(judged(status)).toEqual({ outcome: 'delivered' });
});

test.each([400, 409, 413, 422])('%i is about the events: trying again cannot help', (status) => {
  expect(judged(status)).toEqual({ outcome: 'refused', problem: `answered ${status}: why` });
});

test.each([301, 307, 401, 403, 404, 405, 408, 410, 415, 429, 500, 502, 503])(
  '%i is about the place: the events are as good as before',
  (status) => {
    expect(judged(status)).toEqual({ outcome: 'failed', problem: `answered ${status}: why` });
  },
);

test('what the sink asks for is passed on', () => {
  expect(judged(429, 7_000)).toMatchObject({ outcome: 'failed', retryAfterMs: 7_000 });
});
