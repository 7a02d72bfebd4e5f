import { type TenantRecord, tenantEntry } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowsValue } from './known-key.ts';
import { createTenantDirectory } from './tenant-directory.ts';
import {
  budget,
  fileKey,
  fileOrg,
  fileTeam,
  hashOf,
  keyRecord,
  orgRecord,
  rateLimit,
  teamRecord,
} from './testdata/tenants.ts';

const now = 1_000_000;

/** A directory of these records, whose revisions are their positions, from 1. */
const directoryOf = (...records: TenantRecord[]) => {
  const directory = createTenantDirectory();
  for (const [index, record] of records.entries())
    directory.applyRecord(tenantEntry(record), record, index + 1);
  return directory;
};

const withOrgAndTeam = (...records: TenantRecord[]) => directoryOf(orgRecord(), teamRecord(), ...records);

const found = (directory: ReturnType<typeof directoryOf>, digit: string) => {
  const answer = directory.findKey(hashOf(digit), now);
  if (answer.outcome !== 'found') throw new Error(`the key is ${answer.outcome}`);
  return answer.key;
};

describe('a key of a record', () => {
  it('is found by its hash, with the principal that it stands for', () => {
    const directory = withOrgAndTeam(keyRecord());
    expect(found(directory, '1').principal).toEqual({ org: 'acme', team: 'web', key: 'k1' });
    expect(directory.findKey(hashOf('2'), now)).toEqual({ outcome: 'unknown' });
  });

  it('has the tier of its organisation unless it has its own', () => {
    const key = (tier?: string) => keyRecord(tier === undefined ? {} : { tier });
    const tierOf = (tier?: string) =>
      found(directoryOf(orgRecord({ tier: 'gold' }), teamRecord(), key(tier)), '1').principal.tier;
    expect(tierOf()).toBe('gold');
    expect(tierOf('silver')).toBe('silver');
  });

  it('may do what its organisation, its team and itself all allow', () => {
    const directory = directoryOf(
      orgRecord({ models: ['gpt-*', 'claude-*'] }),
      teamRecord({ models: ['gpt-*'] }),
      keyRecord({ models: ['*-mini', '*-sonnet'] }),
    );
    const { models } = found(directory, '1');
    const allowed = ['gpt-5-mini', 'gpt-5', 'claude-sonnet', 'o3-mini'].filter((model) =>
      allowsValue(models, model),
    );
    expect(allowed).toEqual(['gpt-5-mini']);
  });

  it('has the rules of its organisation, its team and itself as they are at the look-up', () => {
    const directory = withOrgAndTeam(keyRecord({ rateLimits: [rateLimit()] }));
    expect(found(directory, '1').rules.org.budgets).toEqual([]);
    directory.applyRecord('org.acme', orgRecord({ budgets: [budget()] }), 9);
    const { rules } = found(directory, '1');
    expect(rules.org.budgets).toEqual([budget()]);
    expect(rules.team?.budgets).toEqual([]);
    expect(rules.key.rateLimits).toEqual([rateLimit()]);
  });

  it('is the same object until something of it changes', () => {
    const directory = withOrgAndTeam(keyRecord());
    const first = found(directory, '1');
    expect(found(directory, '1')).toBe(first);
    directory.applyRecord('team.acme.web', teamRecord(), 9);
    expect(found(directory, '1')).not.toBe(first);
  });

  it.each([
    ['organisation', [teamRecord(), keyRecord()], orgRecord()],
    ['team', [orgRecord(), keyRecord()], teamRecord()],
  ])('is unknown while its %s does not exist', (_what, records, missing) => {
    const directory = directoryOf(...records);
    expect(directory.findKey(hashOf('1'), now)).toEqual({ outcome: 'unknown' });
    directory.applyRecord(tenantEntry(missing), missing, 9);
    expect(found(directory, '1').principal.key).toBe('k1');
    directory.applyRecord(tenantEntry(missing), undefined, 10);
    expect(directory.findKey(hashOf('1'), now)).toEqual({ outcome: 'unknown' });
  });

  it('needs no team when it belongs to none', () => {
    expect(found(directoryOf(orgRecord(), keyRecord({ team: '_' })), '1').rules.team).toBeUndefined();
  });

  it.each([
    ['it was revoked', [orgRecord(), teamRecord(), keyRecord({ revokedAt: 1 })]],
    ['its organisation was deleted', [orgRecord({ deletedAt: 1 }), teamRecord(), keyRecord()]],
    ['its team was deleted', [orgRecord(), teamRecord({ deletedAt: 1 }), keyRecord()]],
    ['a clock elsewhere was fast', [orgRecord(), teamRecord(), keyRecord({ revokedAt: now + 60_000 })]],
  ])('is revoked when %s', (_what, records) => {
    expect(directoryOf(...records).findKey(hashOf('1'), now)).toEqual({ outcome: 'revoked' });
  });

  it('expires at the very millisecond, with the key or with the one secret', () => {
    const directory = withOrgAndTeam(
      keyRecord({
        secrets: [{ sha256: hashOf('1'), expiresAt: 500 }, { sha256: hashOf('2') }],
        expiresAt: 700,
      }),
    );
    const outcomesAt = (atMs: number) =>
      [hashOf('1'), hashOf('2')].map((sha256) => directory.findKey(sha256, atMs));
    expect(outcomesAt(499).map(({ outcome }) => outcome)).toEqual(['found', 'found']);
    expect(outcomesAt(500)[0]).toEqual({ outcome: 'expired', expiredAt: 500 });
    expect(outcomesAt(699)[1]?.outcome).toBe('found');
    expect(outcomesAt(700)[1]).toEqual({ outcome: 'expired', expiredAt: 700 });
  });

  it('is not found by a secret that it has no longer', () => {
    const directory = withOrgAndTeam(keyRecord());
    directory.applyRecord('key.acme.k1', keyRecord({ secrets: [{ sha256: hashOf('2') }] }), 9);
    expect(directory.findKey(hashOf('1'), now)).toEqual({ outcome: 'unknown' });
    expect(found(directory, '2').principal.key).toBe('k1');
  });

  it('that was revoked is not brought back by a late write', () => {
    const directory = withOrgAndTeam();
    directory.applyRecord('key.acme.k1', keyRecord({ revokedAt: 1 }), 9);
    expect(directory.applyRecord('key.acme.k1', keyRecord(), 8)).toBe(false);
    expect(directory.findKey(hashOf('1'), now)).toEqual({ outcome: 'revoked' });
  });
});

describe('the configuration file', () => {
  it('has keys of its own, that expire', () => {
    const directory = createTenantDirectory();
    const key = fileKey({ expiresAt: '1970-01-01T00:00:02Z' });
    directory.applyConfig({ tenants: [fileOrg({ teams: [fileTeam({ keys: [key] })] })] });
    const outcomeAt = (atMs: number) => directory.findKey(hashOf('f'), atMs);
    expect(outcomeAt(1_999)).toMatchObject({
      outcome: 'found',
      key: { principal: { org: 'acme', team: 'web', key: 'k1' } },
    });
    expect(outcomeAt(2_000)).toEqual({ outcome: 'expired', expiredAt: 2_000 });
    directory.applyConfig({ tenants: [] });
    expect(outcomeAt(0)).toEqual({ outcome: 'unknown' });
  });

  it('wins over a record of the same name, as long as it says something', () => {
    const directory = withOrgAndTeam(
      keyRecord(),
      keyRecord({ id: 'k2', secrets: [{ sha256: hashOf('2') }] }),
    );
    directory.applyRecord('org.acme', orgRecord({ deletedAt: 1 }), 9);
    directory.applyConfig({ tenants: [fileOrg({ tier: 'file', keys: [fileKey()] })] });
    expect(found(directory, 'f').principal).toEqual({ org: 'acme', team: '_', key: 'k1', tier: 'file' });
    expect(directory.findKey(hashOf('1'), now)).toEqual({ outcome: 'unknown' });
    // A record may belong to what the file has.
    expect(found(directory, '2').principal).toEqual({ org: 'acme', team: 'web', key: 'k2', tier: 'file' });
    directory.applyConfig({ tenants: [] });
    expect(directory.findKey(hashOf('2'), now)).toEqual({ outcome: 'revoked' });
  });
});

describe('the lists', () => {
  it('name everything once, in order, and say where it comes from', () => {
    const directory = withOrgAndTeam(keyRecord(), orgRecord({ org: 'beta' }));
    directory.applyConfig({ tenants: [fileOrg({ org: 'alpha' }), fileOrg({ teams: [fileTeam()] })] });
    const brief = ({ org, source, revision }: { org: string; source: string; revision: number }) =>
      `${org} ${source} ${revision}`;
    expect(directory.listOrgs().map(brief)).toEqual(['acme file 0', 'alpha file 0', 'beta runtime 4']);
    expect(directory.listTeams('acme').map(brief)).toEqual(['acme file 0']);
    expect(directory.listKeys('acme').map(brief)).toEqual(['acme runtime 3']);
    expect(directory.listKeys('beta')).toEqual([]);
  });

  it('keep one organisation apart from another whose name begins alike', () => {
    const directory = directoryOf(keyRecord({ org: 'ac' }), keyRecord());
    expect(directory.listKeys('ac').map(({ org }) => org)).toEqual(['ac']);
  });
});

describe('laws', () => {
  const anyRecord: fc.Arbitrary<TenantRecord | string> = fc.oneof(
    fc.constantFrom(orgRecord(), orgRecord({ deletedAt: 1 }), teamRecord(), teamRecord({ deletedAt: 1 })),
    fc
      .record({
        id: fc.constantFrom('k1', 'k2'),
        team: fc.constantFrom('web', '_'),
        secrets: fc.uniqueArray(
          fc.constantFrom('1', '2', '3').map((digit) => ({ sha256: hashOf(digit) })),
          {
            selector: ({ sha256 }) => sha256,
          },
        ),
        revoked: fc.boolean(),
      })
      .map(({ revoked, ...fields }) => keyRecord({ ...fields, ...(revoked ? { revokedAt: 1 } : {}) })),
    // An entry that is deleted.
    fc.constantFrom('org.acme', 'team.acme.web', 'key.acme.k1', 'key.acme.k2'),
  );
  const answers = (directory: ReturnType<typeof directoryOf>) => [
    ['1', '2', '3'].map((digit) => directory.findKey(hashOf(digit), now)),
    directory.listOrgs(),
    directory.listTeams('acme'),
    directory.listKeys('acme'),
  ];
  const apply = (
    directory: ReturnType<typeof directoryOf>,
    change: TenantRecord | string,
    revision: number,
  ) =>
    typeof change === 'string'
      ? directory.applyRecord(change, undefined, revision)
      : directory.applyRecord(tenantEntry(change), change, revision);

  it('any order of the same revisions, and any repetition, gives the same answers', () => {
    const history = fc.array(anyRecord, { maxLength: 12 }).chain((changes) => {
      const numbered = changes.map((change, index) => ({ change, revision: index + 1 }));
      const repeated = [...numbered, ...numbered];
      return fc.tuple(
        fc.constant(numbered),
        fc.shuffledSubarray(repeated, { minLength: repeated.length, maxLength: repeated.length }),
      );
    });
    fc.assert(
      fc.property(history, ([inOrder, shuffled]) => {
        const [one, other] = [createTenantDirectory(), createTenantDirectory()];
        for (const { change, revision } of inOrder) apply(one, change, revision);
        for (const { change, revision } of shuffled) apply(other, change, revision);
        expect(answers(other)).toEqual(answers(one));
      }),
    );
  });

  it('one change among 10,000 keys costs no more than among a few', () => {
    const directory = withOrgAndTeam();
    const toKey = (number: number, revokedAt?: number) =>
      keyRecord({
        id: `k${number}`,
        secrets: [{ sha256: number.toString(16).padStart(64, '0') }],
        ...(revokedAt === undefined ? {} : { revokedAt }),
      });
    const count = 10_000;
    for (let number = 0; number < count; number += 1)
      directory.applyRecord(`key.acme.k${number}`, toKey(number), number + 10);
    const began = performance.now();
    for (let number = 0; number < count; number += 1)
      directory.applyRecord(`key.acme.k${number}`, toKey(number, 1), count + number + 10);
    // A pass over all keys for each change would take minutes.
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(directory.findKey('0'.repeat(64), now)).toEqual({ outcome: 'revoked' });
  });
});
