import type { KeyRecord } from '@weir/contracts';
import { createTenantDirectory, type ListedKey, type TenantDirectory } from '@weir/limits';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKey, revokeKey, rotateKey, updateKey } from './change-key.ts';

const place = { org: 'acme', id: 'k1' };
const hash = (text: string): string => text.padEnd(64, '0');
const causeAt = (at: number) => ({ by: 'root', at, request: 'r1' });

const directory = (): TenantDirectory => {
  const made = createTenantDirectory();
  made.applyConfig({
    tenants: [
      {
        org: 'acme',
        teams: [],
        keys: [],
        models: ['*'],
        routes: ['*'],
        rateLimits: [],
        budgets: [],
        metadata: {},
      },
    ],
  });
  return made;
};

const created = (body: object = {}): KeyRecord => {
  const found = { org: directory().org('acme'), team: undefined, key: undefined };
  const change = createKey('acme', found, { id: 'k1', ...body }, hash('a'), causeAt(1_000));
  if (change.outcome !== 'changed') throw new Error(JSON.stringify(change));
  return change.record;
};

const listed = (record: KeyRecord): ListedKey => ({ ...record, source: 'runtime', revision: 1 });

const changed = (change: ReturnType<typeof rotateKey>): KeyRecord => {
  if (change.outcome !== 'changed') throw new Error(JSON.stringify(change));
  return change.record;
};

describe('a key', () => {
  test('belongs to no team and may use everything unless it is said', () => {
    expect(created()).toMatchObject({ team: '_', models: ['*'], routes: ['*'], rateLimits: [], budgets: [] });
  });

  test('needs an organisation, and the team that it names', () => {
    const none = { org: undefined, team: undefined, key: undefined };
    expect(createKey('acme', none, { id: 'k1' }, hash('a'), causeAt(1))).toMatchObject({
      reason: 'org_not_found',
    });
    const noTeam = { ...none, org: directory().org('acme') };
    const change = createKey('acme', noTeam, { id: 'k1', team: 'web' }, hash('a'), causeAt(1));
    expect(change).toMatchObject({ outcome: 'refused', reason: 'team_not_found', param: 'team' });
  });

  test('of a name that was ever used is refused', () => {
    const before = listed({ ...created(), revokedAt: 5 });
    const found = { org: directory().org('acme'), team: undefined, key: before };
    expect(createKey('acme', found, { id: 'k1' }, hash('b'), causeAt(9))).toMatchObject({
      reason: 'already_exists',
    });
  });

  test('keeps what a change does not name, and loses what it takes away', () => {
    const record = created({ tier: 'gold', expiresAt: '2027-01-31T00:00:00Z', models: ['gpt-*'] });
    const change = updateKey(place, listed(record), { tier: null, metadata: { team: 'x' } }, causeAt(2_000));
    const after = changed(change);
    expect(after).not.toHaveProperty('tier');
    expect(after).toMatchObject({
      models: ['gpt-*'],
      metadata: { team: 'x' },
      expiresAt: Date.parse('2027-01-31T00:00:00Z'),
      change: { action: 'updated', by: 'root', at: 2_000 },
    });
  });

  test('that is revoked stays revoked, and is revoked once', () => {
    const revoked = changed(revokeKey(place, listed(created()), causeAt(3_000)));
    expect(revoked.revokedAt).toBe(3_000);
    expect(revokeKey(place, listed(revoked), causeAt(4_000))).toEqual({ outcome: 'unchanged' });
    for (const change of [
      updateKey(place, listed(revoked), {}, causeAt(5_000)),
      rotateKey(place, listed(revoked), { overlapMs: 0, sha256: hash('b') }, causeAt(5_000)),
    ])
      expect(change).toMatchObject({ outcome: 'refused', reason: 'is_revoked' });
  });

  test('of the configuration file is not changed', () => {
    const ofFile: ListedKey = { ...created(), source: 'file', revision: 0, change: undefined };
    for (const change of [
      updateKey(place, ofFile, {}, causeAt(1)),
      revokeKey(place, ofFile, causeAt(1)),
      rotateKey(place, ofFile, { overlapMs: 0, sha256: hash('b') }, causeAt(1)),
    ])
      expect(change).toMatchObject({ outcome: 'refused', reason: 'managed_by_file' });
  });
});

describe('a rotation', () => {
  test('without overlap leaves the new secret alone', () => {
    const after = changed(
      rotateKey(place, listed(created()), { overlapMs: 0, sha256: hash('b') }, causeAt(9)),
    );
    expect(after.secrets).toEqual([{ sha256: hash('b') }]);
  });

  test('never makes an old secret last longer, and never keeps one that has expired', () => {
    const step = fc.record({ waitMs: fc.nat(5_000), overlapMs: fc.nat(5_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let record = created();
        let nowMs = 1_000;
        const ends = new Map<string, number>();
        for (const [index, { waitMs, overlapMs }] of steps.entries()) {
          nowMs += waitMs;
          const sha256 = hash(`${index}b`);
          const change = rotateKey(place, listed(record), { overlapMs, sha256 }, causeAt(nowMs));
          if (change.outcome !== 'changed') {
            expect(change).toMatchObject({ reason: 'too_many_secrets' });
            continue;
          }
          ({ record } = change);
          for (const { sha256: old, expiresAt = Number.POSITIVE_INFINITY } of record.secrets) {
            expect(expiresAt).toBeGreaterThan(nowMs);
            expect(expiresAt).toBeLessThanOrEqual(ends.get(old) ?? Number.POSITIVE_INFINITY);
            ends.set(old, expiresAt);
          }
          // Exactly one has no end: the newest.
          expect(record.secrets.filter((secret) => secret.expiresAt === undefined)).toEqual([{ sha256 }]);
        }
      }),
    );
  });
});
