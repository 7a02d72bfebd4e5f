import { expect, it } from 'vitest';
import { FakeLog } from '../testdata/fake-log.ts';
import { readRange, untilAborted } from './read-log.ts';

it('a long log is not read to its end once the process is to stop', async () => {
  const log = new FakeLog(() => 0);
  for (let index = 0; index < 30; index += 1) log.store('any', new Uint8Array());
  const stopping = new AbortController();
  const reason = new Error('stopping');
  const batches: number[] = [];
  const reading = (async () => {
    for await (const messages of readRange(
      untilAborted(
        log.as(() => undefined),
        stopping.signal,
      ),
      1,
      30,
    )) {
      batches.push(messages.length);
      if (batches.length === 2) stopping.abort(reason);
    }
  })();
  await expect(reading).rejects.toBe(reason);
  expect(batches).toHaveLength(2);
});
