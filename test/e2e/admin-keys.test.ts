import { randomUUID } from 'node:crypto';
import { waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { admin, adminMesh, hasAdmin } from './support/admin-api.ts';
import { bearer, call, parseBody, type RawAnswer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';

const chat = '/v1/chat/completions';
/** Promise P8. */
const effectMs = 1_000;
/** In the names of all that is made here: a mesh that runs elsewhere may have those of the last time. */
const run = randomUUID().slice(0, 8);

describe.skipIf(!hasAdmin())('a key that is managed at run time', () => {
  // A busy machine must not turn limits into `limits_unavailable`.
  const env = { WEIR_POLICY_STORE_TIMEOUT_MS: '2000' };
  const mesh = useMesh(adminMesh({ replicas: { policy: 2 }, redis: true, env }));
  const ask = (method: string, path: string, body?: unknown) => admin(mesh().mesh, method, path, { body });

  const use = (secret: string, model = 'sim-gpt'): Promise<RawAnswer> => {
    const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'x' }], max_tokens: 3 });
    return call(mesh().baseUrl + chat, { headers: bearer(secret), body });
  };
  const statusOf = async (secret: string, model?: string): Promise<number> =>
    (await use(secret, model)).status;

  /** Both replicas of policy answer in turn or by chance: it holds when it holds ten times over. */
  const settles = (secret: string, status: number, model?: string): Promise<true> =>
    waitFor(
      async () => {
        const found = await Promise.all(Array.from({ length: 10 }, () => statusOf(secret, model)));
        return found.every((one) => one === status);
      },
      { what: `status ${status} from every replica`, timeoutMs: effectMs },
    );

  const keyPath = (id: string): string => `/orgs/demo/keys/${id}-${run}`;
  const createKey = async (id: string, more: object = {}): Promise<string> => {
    const created = await ask('POST', '/orgs/demo/keys', { id: `${id}-${run}`, ...more });
    expect(created.status).toBe(201);
    return parseBody(created).secret;
  };

  it('works within a second of its creation, and not for other models', async () => {
    const secret = await createKey('fresh', { team: 'developers', models: ['sim-gpt-mini'] });
    await settles(secret, 200, 'sim-gpt-mini');
    expect(await statusOf(secret, 'sim-gpt')).toBe(403);
  });

  it('is refused within a second of its end, and stays refused', async () => {
    const secret = await createKey('short-lived');
    await settles(secret, 200);
    expect((await ask('DELETE', keyPath('short-lived'))).status).toBe(200);
    await settles(secret, 401);
    const refused = await use(secret);
    expect(parseBody(refused).error.code).toBe('revoked_key');
    expect(parseBody(await ask('POST', `${keyPath('short-lived')}/rotate`)).error.reason).toBe('is_revoked');
    expect(parseBody(await ask('POST', '/orgs/demo/keys', { id: `short-lived-${run}` })).error.reason).toBe(
      'already_exists',
    );
  });

  it('is replaced by another secret, both good for the overlap and the old one no longer', async () => {
    const old = await createKey('rotated');
    await settles(old, 200);
    const rotated = await ask('POST', `${keyPath('rotated')}/rotate`, { overlapMs: 2_500 });
    const { secret, secrets } = parseBody(rotated);
    expect(secrets).toHaveLength(2);
    await settles(secret, 200);
    expect(await statusOf(old)).toBe(200);
    const end = Date.parse(secrets[0].expiresAt);
    await waitFor(() => Date.now() > end, { what: 'the end of the overlap' });
    await settles(old, 401);
    expect(await statusOf(secret)).toBe(200);
    expect(parseBody(await ask('GET', keyPath('rotated'))).secrets).toHaveLength(1);
  });

  it('is replaced at once without an overlap', async () => {
    const old = await createKey('leaked');
    await settles(old, 200);
    const { secret } = parseBody(await ask('POST', `${keyPath('leaked')}/rotate`));
    await settles(secret, 200);
    await settles(old, 401);
  });

  it('is refused with its organisation, and with its team', async () => {
    const org = `gone-${run}`;
    await ask('POST', '/orgs', { org });
    await ask('POST', `/orgs/${org}/teams`, { team: 'web' });
    const ofTeam = parseBody(await ask('POST', `/orgs/${org}/keys`, { id: 'k1', team: 'web' })).secret;
    const ofOrg = parseBody(await ask('POST', `/orgs/${org}/keys`, { id: 'k2' })).secret;
    await settles(ofTeam, 200);
    await settles(ofOrg, 200);
    await ask('DELETE', `/orgs/${org}/teams/web`);
    await settles(ofTeam, 401);
    expect(await statusOf(ofOrg)).toBe(200);
    await ask('DELETE', `/orgs/${org}`);
    await settles(ofOrg, 401);
  });

  it('obeys a changed limit within a second', async () => {
    const secret = await createKey('throttled');
    await settles(secret, 200);
    await ask('PATCH', keyPath('throttled'), { rateLimits: [{ requestsPerMinute: 1 }] });
    await waitFor(async () => (await statusOf(secret)) === 429, { what: 'a refusal', timeoutMs: effectMs });
    await ask('PATCH', keyPath('throttled'), { rateLimits: [] });
    await settles(secret, 200);
  });

  it('spends a budget by what was used, holds of it what runs, and is told apart in the ledger', async () => {
    const org = `thrifty-${run}`;
    const budgets = [{ name: 'daily', unit: 'tokens', limit: '1000', period: 'daily' }];
    await ask('POST', '/orgs', { org, budgets });
    const { secret } = parseBody(await ask('POST', `/orgs/${org}/keys`, { id: 'k1' }));
    const budget = async () => parseBody(await ask('GET', `/budgets?org=${org}`)).data[0];
    const whole = (tokens: number, headers: object = {}): Promise<RawAnswer> =>
      call(mesh().baseUrl + chat, {
        headers: { ...bearer(secret), ...headers },
        body: JSON.stringify({
          model: 'sim-gpt',
          messages: [{ role: 'user', content: `Go on [[tokens:${tokens}]]` }],
          max_tokens: tokens,
        }),
      });
    await settles(secret, 200);
    const settled = (least: number) =>
      waitFor(
        async () => {
          const found = await budget();
          return found.held === '0' && Number(found.spent) >= least && found;
        },
        { what: 'the settlement', timeoutMs: 10_000 },
      );
    const before = await settled(1);

    const answering = whole(40, { 'x-sim-ttft-ms': '1500' });
    const held = await waitFor(
      async () => {
        const found = await budget();
        return Number(found.held) > 0 && found;
      },
      { what: 'a hold' },
    );
    expect(held).toMatchObject({ scope: `org:${org}`, budget: 'daily', unit: 'tokens', limit: '1000' });
    expect(held.holds).toHaveLength(1);
    expect(held.holds[0].amount).toBe(held.held);
    const answer = await answering;
    const used = parseBody(answer).usage.total_tokens;
    const spent = await settled(Number(before.spent) + 1);
    expect(spent.spent).toBe(String(Number(before.spent) + used));
    expect(spent.remaining).toBe(String(1_000 - Number(spent.spent)));
    expect(spent.holds).toEqual([]);

    // What is held for it is more than a day may have.
    const refused = await whole(1_000);
    expect(refused.status).toBe(429);
    expect(refused.headers['x-should-retry']).toBe('false');
    expect(parseBody(refused).error.code).toBe('insufficient_quota');
    expect((await settled(1)).spent).toBe(spent.spent);

    const usage = await waitFor(
      async () => {
        const [line] = parseBody(await ask('GET', `/usage?org=${org}&groupBy=key`)).data;
        return line !== undefined && line.inputTokens + line.outputTokens >= Number(spent.spent) && line;
      },
      { what: 'the ledger to have it', timeoutMs: 10_000 },
    );
    expect(usage).toMatchObject({ key: 'k1', attempts: usage.requests });
    expect(usage.inputTokens + usage.outputTokens).toBe(Number(spent.spent));
  });
});
