import { expect, it } from 'vitest';
import { waitFor } from './wait-for.ts';

it('returns what the condition gave, once it holds', async () => {
  let asked = 0;
  const value = await waitFor(() => (++asked === 3 ? { asked } : undefined), {
    what: 'the third time',
    intervalMs: 1,
  });
  expect(value).toEqual({ asked: 3 });
});

it('takes an error for "not yet", and names it when the time is over', async () => {
  const waiting = waitFor(() => Promise.reject(new Error('refused')), { what: 'the server', timeoutMs: 20 });
  await expect(waiting).rejects.toMatchObject({
    message: 'waited 20 ms in vain for the server',
    cause: { message: 'refused' },
  });
});
