import { expect, test } from 'vitest';
import { createTicketBook } from './ticket-book.ts';
import { toHops } from './ticket-watch.ts';

const steps = ['submittedAt', 'askedAt', 'grantedAt', 'acceptedAt'] as const;

test('a request is complete when an adapter has it, and its steps are those of the first time', () => {
  const book = createTicketBook();
  for (const [at, step] of steps.entries()) {
    expect(book.complete).toEqual([]);
    book.note('one', step, at * 10);
    book.note('one', step, 999);
  }
  expect(book.complete).toEqual([{ submittedAt: 0, askedAt: 10, grantedAt: 20, acceptedAt: 30 }]);
});

test('what was under way before is not a request', () => {
  const book = createTicketBook();
  for (const step of steps.slice(1)) book.note('one', step, 1);
  expect(book.complete).toEqual([]);
});

test('requests that are never accepted do not pile up', () => {
  const book = createTicketBook();
  for (let request = 0; request < 20_000; request += 1) book.note(`r${request}`, 'submittedAt', 1);
  for (const step of steps.slice(1)) {
    book.note('r0', step, 2);
    book.note('r19999', step, 2);
  }
  expect(book.complete).toHaveLength(1);
});

test('hops are the differences of the steps', () => {
  const times = Array.from({ length: 100 }, (_, at) => ({
    submittedAt: 0,
    askedAt: 1,
    grantedAt: 2 + at,
    acceptedAt: 103 + at,
  }));
  expect(toHops(times)).toEqual([
    { name: 'ticket to grant', p50Ms: 51, p99Ms: 100 },
    { name: 'ticket to accepted', p50Ms: 152, p99Ms: 201 },
    { name: 'envelope to accepted', p50Ms: 153, p99Ms: 202 },
  ]);
});
