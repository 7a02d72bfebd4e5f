import { startMesh, waitFor } from '@weir/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { admin, adminMesh } from '../e2e/support/admin-api.ts';
import { parseBody } from '../e2e/support/http-call.ts';
import { readLatestRecords, settledLedger } from './support/ledger-oracle.ts';

type Mesh = Awaited<ReturnType<typeof startMesh>>;

let running: Mesh;
beforeAll(async () => {
  running = await startMesh(
    adminMesh({
      redis: true,
      replicas: { policy: 3, adapter: 2, metering: 2 },
      env: { WEIR_POLICY_STORE_TIMEOUT_MS: '2000' },
    }),
  );
});
afterAll(() => running?.stop());

/** Promise P8. */
const effectMs = 1_000;

interface Answer {
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
  readonly status: number;
  readonly id: string | null;
  /** In the currency of the prices. */
  readonly cost: string | null;
}

const call = async (secret: string): Promise<Answer> => {
  const startedAt = performance.now();
  const answer = await fetch(`${running.baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sim-gpt',
      max_tokens: 2,
      messages: [{ role: 'user', content: '[[tokens:2]] go' }],
    }),
    signal: AbortSignal.timeout(30_000),
  });
  await answer.arrayBuffer();
  return {
    startedAt,
    status: answer.status,
    id: answer.headers.get('x-request-id'),
    cost: answer.headers.get('x-inference-cost'),
  };
};

/** Clients that ask one request after another with one key. */
const startLoad = (secret: string) => {
  const answers: Answer[] = [];
  let stopping = false;
  const work = async (): Promise<void> => {
    while (!stopping) answers.push(await call(secret));
  };
  const workers = Array.from({ length: 24 }, work);
  return {
    answers,
    after: (at: number) => answers.filter(({ startedAt }) => startedAt >= at),
    statusesAfter: (at: number) =>
      answers.filter(({ startedAt }) => startedAt >= at).map(({ status }) => status),
    stop: async (): Promise<void> => {
      stopping = true;
      await Promise.all(workers);
    },
  };
};

const createKey = async (id: string, more: object = {}): Promise<string> => {
  const created = await admin(running, 'POST', '/orgs/demo/keys', { body: { id, ...more } });
  expect(created.status).toBe(201);
  const { secret } = parseBody(created);
  await waitFor(async () => (await call(secret)).status === 200, { what: 'the key to work' });
  return secret;
};

/** Lets the load run until so many more requests have been answered. */
const untilMore = (load: ReturnType<typeof startLoad>, at: number, count: number): Promise<boolean> =>
  waitFor(() => load.statusesAfter(at).length >= count, { what: `${count} answers`, timeoutMs: 20_000 });

describe('with three policies under load', () => {
  it('a revoked key is refused by each of them within a second, and stays refused', async () => {
    const secret = await createKey('revoked');
    const load = startLoad(secret);
    await untilMore(load, 0, 200);
    expect((await admin(running, 'POST', '/orgs/demo/keys/revoked/revoke')).status).toBe(200);
    const inForceAt = performance.now() + effectMs;
    await untilMore(load, inForceAt, 300);
    await load.stop();
    expect(load.answers.filter(({ status }) => status === 200).length).toBeGreaterThan(100);
    expect(new Set(load.statusesAfter(inForceAt))).toEqual(new Set([401]));
  });

  it('a changed limit is that of each of them within a second, both ways', async () => {
    const generous = { requestsPerMinute: 1_000_000 };
    const secret = await createKey('changed', { rateLimits: [generous] });
    const change = async (rateLimit: object): Promise<number> => {
      const body = { rateLimits: [rateLimit] };
      expect((await admin(running, 'PATCH', '/orgs/demo/keys/changed', { body })).status).toBe(200);
      return performance.now() + effectMs;
    };
    const load = startLoad(secret);
    await untilMore(load, 0, 200);
    const tightAt = await change({ requestsPerMinute: 1, burstRequests: 1 });
    await untilMore(load, tightAt, 300);
    const tight = load.statusesAfter(tightAt);
    const wideAt = await change(generous);
    await untilMore(load, wideAt, 300);
    await load.stop();
    expect(tight.filter((status) => status === 200).length).toBeLessThanOrEqual(2);
    expect(new Set(load.statusesAfter(wideAt))).toEqual(new Set([200]));
  });

  it('a changed price is that of each adapter, and of the ledger, within a second', async () => {
    const secret = await createKey('priced');
    const setPrice = async (perMillion: string): Promise<number> => {
      const model = { model: 'sim-gpt', priority: 0, tiers: [], tierMode: 'whole' };
      const models = [{ ...model, inputPerMillion: perMillion, outputPerMillion: perMillion }];
      const body = { v: 1, source: 'litellm', currency: 'USD', models, skipped: [] };
      const put = await admin(running, 'PUT', '/prices/books/main', { body });
      expect(put.status).toBeLessThan(300);
      return performance.now() + effectMs;
    };
    const load = startLoad(secret);
    const firstAt = await setPrice('1000');
    await untilMore(load, firstAt, 200);
    const first = load.after(firstAt);
    const secondAt = await setPrice('3000');
    await untilMore(load, secondAt, 300);
    await load.stop();
    const second = load.after(secondAt);
    const nanosOf = (answers: readonly Answer[]) =>
      new Set(answers.map(({ cost }) => (cost === null ? undefined : Math.round(Number(cost) * 1e9))));
    const [before = 0] = nanosOf(first);
    expect(before).toBeGreaterThan(0);
    expect(nanosOf(first)).toEqual(new Set([before]));
    expect(nanosOf(second)).toEqual(new Set([3 * before]));
    await settledLedger(running.nats().url, 30_000);
    const records = await readLatestRecords(running.nats().url);
    const charges = new Map(records.map(({ requestId, rating }) => [requestId, rating.chargeNano]));
    const chargesOf = (answers: readonly Answer[]) => new Set(answers.map(({ id }) => charges.get(id ?? '')));
    // What is read from the log after the change is rated by the new price, also if it was used just before.
    const either = [String(before), String(3 * before)];
    expect([...chargesOf(first)].filter((charge) => !either.includes(charge ?? ''))).toEqual([]);
    expect(chargesOf(second)).toEqual(new Set([String(3 * before)]));
  });
});
