import type { AttemptStarted } from '@weir/contracts';
import { expect, test } from 'vitest';
import { ratedUsage } from '../testdata/rated-usage.ts';
import { createFindingLog } from './finding.ts';
import { createOpenIntents } from './open-intents.ts';

test('the oldest open intent is the one that began first, in whatever order they were stored', () => {
  const intents = createOpenIntents(createFindingLog('I3'));
  expect(intents.oldest()).toBeUndefined();
  const started = [5, 3, 9].map(
    (startedAt): AttemptStarted => ({
      ...ratedUsage,
      requestId: `request-${startedAt}`,
      startedAt,
    }),
  );
  for (const data of started) intents.open(data, 'USAGE 1');
  expect(intents.oldest()).toBe(3);
  for (const data of started.slice(1, 2)) intents.close(data);
  expect(intents.oldest()).toBe(5);
});
