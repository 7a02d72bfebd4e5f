import { expect, it } from 'vitest';
import { readTenantRecord } from './read-tenant-record.ts';
import { tenantRecordSchema } from './schema/tenant-record-schema.ts';
import { type TenantRecord, tenantEntry } from './tenant-record.ts';

const rules = {
  rateLimits: [],
  budgets: [],
  models: ['*'],
  routes: ['*'],
  metadata: {},
  change: { by: 'admin', action: 'created', at: 1, request: 'r' },
} as const;

const records: readonly TenantRecord[] = [
  { kind: 'org', org: 'acme', ...rules },
  { kind: 'team', org: 'acme', team: 'web', ...rules },
  {
    kind: 'key',
    org: 'acme',
    team: '_',
    id: 'k1',
    secrets: [{ sha256: 'a'.repeat(64) }],
    createdAt: 1,
    ...rules,
  },
];

it.each(records)('reads the record of a kind that there is: $kind', (record) => {
  expect(tenantRecordSchema.parse(record)).toEqual(record);
  expect(readTenantRecord(tenantEntry(record), JSON.stringify(record))).toEqual({ outcome: 'read', record });
});

it.each(records)('refuses the record of one kind under another name: $kind', (record) => {
  expect(readTenantRecord('org.other', JSON.stringify(record))).toEqual({
    outcome: 'unreadable',
    problem: `belongs under ${tenantEntry(record)}`,
  });
});

it.each([
  '',
  'null',
  '[]',
  '1',
  '{}',
  '{"kind":"user","org":"acme"}',
  '{"kind":"org","org":"acme"}',
  JSON.stringify({ ...records[0], org: 'a.b' }),
  JSON.stringify({ ...records[0], org: 7 }),
  JSON.stringify({ ...records[0], budgets: {} }),
  JSON.stringify({ ...records[2], secrets: undefined }),
])('takes nothing else for a record: %s', (text) => {
  expect(readTenantRecord('org.acme', text).outcome).toBe('unreadable');
});
