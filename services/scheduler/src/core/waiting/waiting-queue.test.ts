import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ticket } from './ticket.ts';
import { type QueueBounds, WaitingQueue } from './waiting-queue.ts';

const bounds: QueueBounds = { maxWaiting: 100, maxWaitingBytes: 1_000_000, maxTenantShare: 1 };

let last = 0;
const ticket = (given: Partial<Ticket<string>> = {}): Ticket<string> => {
  last += 1;
  const arrivedAt = given.arrivedAt ?? last;
  return {
    id: `request-${last}`,
    tenant: 'acme',
    priority: 5,
    arrivedAt,
    since: arrivedAt,
    timeoutAt: arrivedAt + 30_000,
    deadline: arrivedAt + 60_000,
    bytes: 100,
    tokens: 10,
    payload: '',
    ...given,
  };
};

const filled = (tickets: readonly Ticket<string>[], given: Partial<QueueBounds> = {}) => {
  const queue = new WaitingQueue<string>();
  const outcomes = tickets.map((one) => queue.add(one, { ...bounds, ...given }));
  return { queue, outcomes };
};

/** Everything, in the order of service. */
const serveAll = (queue: WaitingQueue<string>, now = 0): readonly Ticket<string>[] => {
  const served: Ticket<string>[] = [];
  for (let head = queue.head(now); head; head = queue.head(now)) {
    queue.serve(head);
    served.push(head);
  }
  return served;
};

const tenantsOf = (tickets: readonly Ticket<string>[]) => tickets.map(({ tenant }) => tenant).join(' ');

describe('order', () => {
  test('the lower number goes first, and within one the earlier arrival, whenever it was added', () => {
    const late = ticket({ arrivedAt: 300 });
    const urgent = ticket({ priority: 0, arrivedAt: 900 });
    const early = ticket({ arrivedAt: 200 });
    const bulk = ticket({ priority: 9, arrivedAt: 1 });
    const { queue } = filled([late, bulk, urgent, early]);
    expect(serveAll(queue)).toEqual([urgent, early, late, bulk]);
    expect([queue.size, queue.bytes]).toEqual([0, 0]);
  });

  test('tenants take turns, however many requests one of them sends', () => {
    const greedy = Array.from({ length: 6 }, () => ticket({ tenant: 'greedy' }));
    const modest = Array.from({ length: 2 }, () => ticket({ tenant: 'modest' }));
    const { queue } = filled([...greedy, ...modest]);
    expect(tenantsOf(serveAll(queue))).toBe('greedy modest greedy modest greedy greedy greedy greedy');
  });

  test('turns are counted in tokens', () => {
    const long = Array.from({ length: 2 }, () => ticket({ tenant: 'long', tokens: 300 }));
    const short = Array.from({ length: 6 }, () => ticket({ tenant: 'short', tokens: 100 }));
    const { queue } = filled([...long, ...short]);
    expect(tenantsOf(serveAll(queue))).toBe('long short short short long short short short');
  });

  test('who had nothing waiting for a while has no turns saved up', () => {
    const { queue } = filled([ticket({ tenant: 'a' }), ticket({ tenant: 'a' }), ticket({ tenant: 'a' })]);
    const first = queue.head(0);
    if (first) queue.serve(first);
    const second = queue.head(0);
    if (second) queue.serve(second);
    for (let count = 0; count < 2; count += 1) queue.add(ticket({ tenant: 'a' }), bounds);
    for (let count = 0; count < 3; count += 1) queue.add(ticket({ tenant: 'b' }), bounds);
    expect(tenantsOf(serveAll(queue))).toBe('b a b a b a');
  });

  test('each eighth grant is for the one that has waited longest, so low priorities move, too', () => {
    const low = ticket({ priority: 9, arrivedAt: 0 });
    const urgent = Array.from({ length: 20 }, () => ticket({ priority: 0, arrivedAt: 9_000 }));
    const { queue } = filled([low, ...urgent]);
    expect(serveAll(queue, 10_000).indexOf(low)).toBe(7);
    const { queue: young } = filled([{ ...low, since: 9_000 }, ...urgent]);
    expect(serveAll(young, 10_000).at(-1)?.id).toBe(low.id);
  });

  test('places are told in order of priority and arrival', () => {
    const one = ticket({ arrivedAt: 20 });
    const two = ticket({ arrivedAt: 10, tenant: 'other' });
    const three = ticket({ arrivedAt: 30, priority: 1 });
    const { queue } = filled([one, two, three]);
    expect(queue.inOrder()).toEqual([three, two, one]);
    expect(queue.depths()).toEqual([0, 1, 0, 0, 0, 2, 0, 0, 0, 0]);
  });
});

describe('bounds', () => {
  test('no more wait than may', () => {
    const { outcomes } = filled([ticket(), ticket(), ticket()], { maxWaiting: 2 });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['waits', 'waits', 'full']);
  });

  test('nor more bytes', () => {
    const { outcomes } = filled([ticket({ bytes: 600 }), ticket({ bytes: 600 }), ticket({ bytes: 400 })], {
      maxWaitingBytes: 1_000,
    });
    expect(outcomes).toMatchObject([
      { outcome: 'waits' },
      { outcome: 'full', bound: 'bytes' },
      { outcome: 'waits' },
    ]);
  });

  test('a tenant may fill its share only, and at least one place', () => {
    const { outcomes } = filled(
      [ticket({ tenant: 'a' }), ticket({ tenant: 'a' }), ticket({ tenant: 'a' }), ticket({ tenant: 'b' })],
      { maxWaiting: 4, maxTenantShare: 0.5 },
    );
    expect(outcomes).toMatchObject([
      { outcome: 'waits' },
      { outcome: 'waits' },
      { outcome: 'full', bound: 'tenant' },
      { outcome: 'waits' },
    ]);
    const { outcomes: tiny } = filled([ticket()], { maxWaiting: 1, maxTenantShare: 0.1 });
    expect(tiny).toMatchObject([{ outcome: 'waits' }]);
  });

  test('what is more urgent takes the place of the last that is less urgent, and never of its own kind', () => {
    const first = ticket({ priority: 8 });
    const second = ticket({ priority: 8 });
    const urgent = ticket({ priority: 2 });
    const { queue, outcomes } = filled([first, second, urgent], { maxWaiting: 2 });
    expect(outcomes[2]).toEqual({ outcome: 'waits', displaced: [second] });
    expect(queue.add(ticket({ priority: 8 }), { ...bounds, maxWaiting: 2 })).toMatchObject({
      outcome: 'full',
    });
    expect(serveAll(queue)).toEqual([urgent, first]);
  });

  test('at its share a tenant makes room for what is urgent with what is its own', () => {
    const own = ticket({ tenant: 'a', priority: 8 });
    const other = ticket({ tenant: 'b', priority: 9 });
    const { queue } = filled([own, other]);
    const narrow = { ...bounds, maxWaiting: 3, maxTenantShare: 0.34 };
    expect(queue.add(ticket({ tenant: 'a', priority: 2 }), narrow)).toEqual({
      outcome: 'waits',
      displaced: [own],
    });
    expect(queue.add(ticket({ tenant: 'a', priority: 2 }), narrow)).toEqual({
      outcome: 'full',
      bound: 'tenant',
    });
  });

  test('the same request waits once', () => {
    const one = ticket();
    const { queue, outcomes } = filled([one, { ...one }]);
    expect([outcomes[1], queue.size]).toEqual([{ outcome: 'known' }, 1]);
  });
});

describe('time', () => {
  test('what has waited for too long is taken out, with why', () => {
    const timed = ticket({ timeoutAt: 1_000, deadline: 5_000 });
    const dead = ticket({ timeoutAt: 9_000, deadline: 900 });
    const patient = ticket({ timeoutAt: 1_001 });
    const { queue } = filled([timed, dead, patient]);
    expect(queue.expire(1_000)).toEqual([
      { ticket: timed, reason: 'queue_timeout' },
      { ticket: dead, reason: 'request_deadline' },
    ]);
    expect(serveAll(queue)).toEqual([patient]);
  });
});

describe('laws', () => {
  const tickets = fc.array(
    fc.record({
      tenant: fc.constantFrom('a', 'b', 'c'),
      priority: fc.integer({ min: 0, max: 9 }),
      arrivedAt: fc.integer({ min: 0, max: 1_000 }),
      tokens: fc.integer({ min: 1, max: 1_000 }),
      bytes: fc.integer({ min: 0, max: 400 }),
    }),
    { maxLength: 60 },
  );

  test('everything that was taken in comes out once, and nothing is left behind', () => {
    fc.assert(
      fc.property(tickets, fc.array(fc.nat(60)), (given, removals) => {
        const all = given.map((one) => ticket(one));
        const queue = new WaitingQueue<string>();
        const tight = { maxWaiting: 20, maxWaitingBytes: 4_000, maxTenantShare: 0.6 };
        const gone = new Set<string>();
        for (const one of all) {
          const added = queue.add(one, tight);
          if (added.outcome === 'full') gone.add(one.id);
          if (added.outcome === 'waits') for (const { id } of added.displaced) gone.add(id);
          expect(queue.size).toBeLessThanOrEqual(tight.maxWaiting);
          expect(queue.bytes).toBeLessThanOrEqual(tight.maxWaitingBytes);
        }
        for (const at of removals) {
          const removed = queue.remove(all[at]?.id ?? 'unknown');
          if (removed) gone.add(removed.id);
        }
        const served = serveAll(queue).map(({ id }) => id);
        expect([...served, ...gone].sort()).toEqual(all.map(({ id }) => id).sort());
        expect([queue.size, queue.bytes]).toEqual([0, 0]);
      }),
    );
  });

  test('while two tenants wait, neither gets more than one request ahead of the other in tokens', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 8, maxLength: 40 }), (costs) => {
        const { queue } = filled(
          costs.map((tokens, at) => ticket({ tokens, tenant: at % 2 === 0 ? 'a' : 'b', arrivedAt: at })),
        );
        const largest = Math.max(...costs);
        const left = { a: Math.ceil(costs.length / 2), b: Math.floor(costs.length / 2) };
        const got = { a: 0, b: 0 };
        for (const { tenant, tokens } of serveAll(queue)) {
          if (left.a === 0 || left.b === 0) break;
          const name = tenant === 'a' ? 'a' : 'b';
          got[name] += tokens;
          left[name] -= 1;
          expect(Math.abs(got.a - got.b)).toBeLessThanOrEqual(2 * largest);
        }
      }),
    );
  });
});
