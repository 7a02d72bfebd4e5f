import { createHash } from 'node:crypto';
import { isAttached } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { admin, adminMesh, adminToken, auditOf } from './support/admin-api.ts';
import { call, parseBody } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';

const readToken = 'a-token-that-may-look-and-not-touch-anything';
const readSha256 = createHash('sha256').update(readToken).digest('hex');

describe.skipIf(isAttached())('the admin API', () => {
  const mesh = useMesh(adminMesh({ env: { WEIR_ADMIN_TOKENS: `auditor:${readSha256}:read` } }));
  const ask = (method: string, path: string, input = {}) => admin(mesh().mesh, method, path, input);

  it('asks for a credential that it knows', async () => {
    const missing = await ask('GET', '/orgs', { token: '' });
    expect(missing.status).toBe(401);
    expect(missing.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(parseBody(missing).error).toMatchObject({ code: 'unauthenticated', reason: 'missing_credential' });
    const wrong = await ask('GET', '/orgs', { token: `${adminToken}x` });
    expect(parseBody(wrong).error.reason).toBe('unknown_credential');
  });

  it('lets a reading credential read, and nothing else', async () => {
    expect((await ask('GET', '/orgs', { token: readToken })).status).toBe(200);
    const refused = await ask('POST', '/orgs', { token: readToken, body: { org: 'sneaky' } });
    expect(refused.status).toBe(403);
    expect(parseBody(refused).error.reason).toBe('read_only');
    expect((await ask('GET', '/orgs/sneaky')).status).toBe(404);
  });

  it('tells its health to anybody', async () => {
    const url = mesh().mesh.services.admin[0]?.url ?? '';
    expect((await call(`${url}/health`, { method: 'GET' })).status).toBe(200);
    expect((await call(`${url}/nothing`, { method: 'GET' })).status).toBe(404);
  });

  it('keeps an organisation from its creation to its end', async () => {
    const created = await ask('POST', '/orgs', {
      body: { org: 'acme', tier: 'gold', metadata: { crm: '42' } },
    });
    expect(created.status).toBe(201);
    expect(parseBody(created)).toMatchObject({
      org: 'acme',
      tier: 'gold',
      models: ['*'],
      status: 'active',
      source: 'runtime',
    });
    const changed = await ask('PATCH', '/orgs/acme', { body: { tier: null, models: ['sim-*'] } });
    expect(parseBody(changed)).toMatchObject({ models: ['sim-*'], metadata: { crm: '42' } });
    expect(parseBody(changed)).not.toHaveProperty('tier');
    expect((await ask('POST', '/orgs/acme/teams', { body: { team: 'web' } })).status).toBe(201);
    expect(parseBody(await ask('GET', '/orgs/acme/teams')).data).toMatchObject([
      { org: 'acme', team: 'web' },
    ]);
    expect(parseBody(await ask('DELETE', '/orgs/acme')).status).toBe('deleted');
    const late = await ask('POST', '/orgs/acme/keys', { body: { id: 'late' } });
    expect(late.status).toBe(409);
    expect(parseBody(late).error.reason).toBe('is_deleted');
    const again = await ask('POST', '/orgs', { body: { org: 'acme' } });
    expect(parseBody(again).error.reason).toBe('already_exists');
  });

  it('says everything that is wrong with a body at once', async () => {
    const body = { org: 'no good', tiers: 'x', budgets: [{ name: 'b', limit: '1.5', period: 'daily' }] };
    const refused = await ask('POST', '/orgs', { body });
    expect(refused.status).toBe(422);
    const { error } = parseBody(refused);
    expect(error).toMatchObject({ code: 'invalid_argument', reason: 'invalid_body' });
    for (const part of ['org: found "no good"', 'tiers: found an unknown key', 'budgets[0].limit'])
      expect(error.message).toContain(part);
  });

  it('refuses what is no JSON, too large, or of no path', async () => {
    const url = `${mesh().mesh.services.admin[0]?.url}/v1/orgs`;
    const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
    const broken = await call(url, { headers, body: '{"org":' });
    expect([broken.status, parseBody(broken).error.reason]).toEqual([400, 'bad_json']);
    const large = await call(url, { headers, body: JSON.stringify({ org: 'x'.repeat(1_100_000) }) });
    expect([large.status, parseBody(large).error.reason]).toEqual([413, 'body_too_large']);
    const text = await call(url, { headers: { ...headers, 'content-type': 'text/xml' }, body: '<org/>' });
    expect(text.status).toBe(415);
    expect(parseBody(await ask('GET', '/nothing')).error.reason).toBe('path_not_found');
  });

  it('shows what the configuration file says, and refuses to change it', async () => {
    const keys = parseBody(await ask('GET', '/orgs/demo/keys')).data;
    expect(keys).toMatchObject([
      { id: 'demo', team: 'developers', source: 'file' },
      { id: 'limited', source: 'file', models: ['sim-gpt-mini'] },
    ]);
    expect(JSON.stringify(keys)).not.toMatch(/[0-9a-f]{13}/);
    for (const [method, path] of [
      ['PATCH', '/orgs/demo'],
      ['DELETE', '/orgs/demo/keys/demo'],
      ['POST', '/orgs/demo/keys/demo/rotate'],
    ] as const) {
      const refused = await ask(method, path, { body: {} });
      expect([refused.status, parseBody(refused).error.reason]).toEqual([409, 'managed_by_file']);
    }
  });

  it('shows a secret once, and its hash never in full', async () => {
    const created = await ask('POST', '/orgs/demo/keys', { body: { id: 'once' } });
    const { secret } = parseBody(created);
    expect(secret).toMatch(/^weir-[A-Za-z0-9_-]{43}$/);
    expect(created.headers['cache-control']).toBe('no-store');
    const sha256 = createHash('sha256').update(secret).digest('hex');
    for (const path of ['/orgs/demo/keys/once', '/orgs/demo/keys', '/audit?org=demo']) {
      const text = (await ask('GET', path)).body.toString();
      expect(text).not.toContain(secret);
      expect(text).not.toContain(sha256);
    }
  });

  it('takes a change of the revision that the caller has seen, and of no other', async () => {
    const created = await ask('POST', '/orgs', { body: { org: 'raced' } });
    const seen = created.headers['etag'] ?? '';
    const first = await ask('PATCH', '/orgs/raced', { body: { tier: 'one' }, headers: { 'if-match': seen } });
    expect(first.status).toBe(200);
    const second = await ask('PATCH', '/orgs/raced', {
      body: { tier: 'two' },
      headers: { 'if-match': seen },
    });
    expect([second.status, parseBody(second).error.reason]).toEqual([412, 'stale_revision']);
    const now = await ask('GET', '/orgs/raced');
    expect(parseBody(now).tier).toBe('one');
    expect(now.headers['etag']).toBe(first.headers['etag']);
  });

  it('loses no change when many are made at once', async () => {
    await ask('POST', '/orgs', { body: { org: 'busy' } });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        ask('PATCH', '/orgs/busy', { body: { tier: `tier-${index}` } }),
      ),
    );
    const done = answers.filter(({ status }) => status === 200);
    expect(done.length).toBeGreaterThan(0);
    for (const answer of answers) expect([200, 409]).toContain(answer.status);
    const trail = await auditOf(mesh().mesh, 'busy', done.length + 1);
    expect(trail.length).toBe(done.length + 1);
    const etags = done.map(({ headers }) => headers['etag']);
    expect(new Set(etags).size).toBe(done.length);
  });

  it('audits each change once, with who made it', async () => {
    await ask('POST', '/orgs', { body: { org: 'watched' } });
    await ask('POST', '/orgs/watched/keys', { body: { id: 'k1' } });
    const revoked = await ask('DELETE', '/orgs/watched/keys/k1');
    await ask('DELETE', '/orgs/watched/keys/k1');
    const trail = await auditOf(mesh().mesh, 'watched', 3);
    expect(trail.map(({ event }) => event.data)).toMatchObject([
      { kind: 'org', action: 'created', by: 'admin' },
      { kind: 'key', key: 'k1', action: 'created', state: { secrets: 1 } },
      { kind: 'key', key: 'k1', action: 'revoked', request: revoked.headers['x-request-id'] },
    ]);
    const revisions = trail.map(({ event }) => Number(event.id.replace('weir_keys.', '')));
    expect(revisions).toEqual(revisions.toSorted((left, right) => left - right));
    const page = parseBody(await ask('GET', `/audit?org=watched&after=${trail[0]?.position}&limit=1`));
    expect(page.data).toHaveLength(1);
    expect(page.data[0].event.id).toBe(trail[1]?.event.id);
    expect(page.next).toBe(trail[1]?.position);
  });

  it('keeps a price book, tells what another would change, and audits it', async () => {
    const book = (inputPerMillion: string) => ({
      v: 1,
      source: 'litellm',
      currency: 'USD',
      models: [{ model: 'gpt-x', priority: 0, tiers: [], tierMode: 'whole', inputPerMillion }],
      skipped: [],
    });
    expect((await ask('PUT', '/prices/books/main', { body: book('2.5') })).status).toBe(201);
    expect(parseBody(await ask('GET', '/prices')).books).toMatchObject([{ name: 'main', models: 1 }]);
    const diff = parseBody(
      await ask('POST', '/prices/diff', { body: { name: 'main', book: book('3') }, token: readToken }),
    );
    expect(diff.changed).toEqual([{ model: 'gpt-x', field: 'inputPerMillion', before: '2.5', after: '3' }]);
    expect((await ask('PUT', '/prices/books/main', { body: book('two') })).status).toBe(422);
    const [created] = await auditOf(mesh().mesh, '_', 1);
    expect(created?.event.data).toMatchObject({
      kind: 'book',
      book: 'main',
      action: 'created',
      bucket: 'weir_prices',
    });
  });
});
