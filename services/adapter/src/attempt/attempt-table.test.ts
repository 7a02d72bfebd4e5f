import { expect, it } from 'vitest';
import { heldRequests } from './attempt-table.ts';
import type { RunningAttempt } from './running-attempt.ts';

const attempt = (requestId: string, held: boolean | undefined, finished: boolean) =>
  ({ requestId, finished, input: { meta: { grant: { held } } } }) as unknown as RunningAttempt;

it('what runs keeps its hold; what is over, or holds nothing, is left out', () => {
  const attempts = [
    attempt('runs', true, false),
    attempt('waits for credit', true, true),
    attempt('free', undefined, false),
  ];
  expect(heldRequests(attempts)).toEqual(['runs']);
});
