import { isAttached, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { admin, adminMesh } from './support/admin-api.ts';
import { bearer, call, parseBody, type RawAnswer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';

const chat = '/v1/chat/completions';
/** Promise P8. */
const effectMs = 1_000;

describe.skipIf(isAttached())('a key that is managed at run time', () => {
  const mesh = useMesh(adminMesh({ replicas: { policy: 2 } }));
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

  const createKey = async (id: string, more: object = {}): Promise<string> => {
    const created = await ask('POST', '/orgs/demo/keys', { id, ...more });
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
    expect((await ask('DELETE', '/orgs/demo/keys/short-lived')).status).toBe(200);
    await settles(secret, 401);
    const refused = await use(secret);
    expect(parseBody(refused).error.code).toBe('revoked_key');
    expect(parseBody(await ask('POST', '/orgs/demo/keys/short-lived/rotate')).error.reason).toBe(
      'is_revoked',
    );
    expect(parseBody(await ask('POST', '/orgs/demo/keys', { id: 'short-lived' })).error.reason).toBe(
      'already_exists',
    );
  });

  it('is replaced by another secret, both good for the overlap and the old one no longer', async () => {
    const old = await createKey('rotated');
    await settles(old, 200);
    const rotated = await ask('POST', '/orgs/demo/keys/rotated/rotate', { overlapMs: 2_500 });
    const { secret, secrets } = parseBody(rotated);
    expect(secrets).toHaveLength(2);
    await settles(secret, 200);
    expect(await statusOf(old)).toBe(200);
    const end = Date.parse(secrets[0].expiresAt);
    await waitFor(() => Date.now() > end, { what: 'the end of the overlap' });
    await settles(old, 401);
    expect(await statusOf(secret)).toBe(200);
    expect(parseBody(await ask('GET', '/orgs/demo/keys/rotated')).secrets).toHaveLength(1);
  });

  it('is replaced at once without an overlap', async () => {
    const old = await createKey('leaked');
    await settles(old, 200);
    const { secret } = parseBody(await ask('POST', '/orgs/demo/keys/leaked/rotate'));
    await settles(secret, 200);
    await settles(old, 401);
  });

  it('is refused with its organisation, and with its team', async () => {
    await ask('POST', '/orgs', { org: 'gone' });
    await ask('POST', '/orgs/gone/teams', { team: 'web' });
    const ofTeam = parseBody(await ask('POST', '/orgs/gone/keys', { id: 'k1', team: 'web' })).secret;
    const ofOrg = parseBody(await ask('POST', '/orgs/gone/keys', { id: 'k2' })).secret;
    await settles(ofTeam, 200);
    await settles(ofOrg, 200);
    await ask('DELETE', '/orgs/gone/teams/web');
    await settles(ofTeam, 401);
    expect(await statusOf(ofOrg)).toBe(200);
    await ask('DELETE', '/orgs/gone');
    await settles(ofOrg, 401);
  });

  it('obeys a changed limit within a second', async () => {
    const secret = await createKey('throttled');
    await settles(secret, 200);
    await ask('PATCH', '/orgs/demo/keys/throttled', { rateLimits: [{ requestsPerMinute: 1 }] });
    await waitFor(async () => (await statusOf(secret)) === 429, { what: 'a refusal', timeoutMs: effectMs });
    await ask('PATCH', '/orgs/demo/keys/throttled', { rateLimits: [] });
    await settles(secret, 200);
  });
});
