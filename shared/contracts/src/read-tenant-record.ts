import { isSubjectToken } from './subjects.ts';
import { type TenantRecord, tenantEntry } from './tenant-record.ts';

export type ReadTenantRecord =
  | { readonly outcome: 'read'; readonly record: TenantRecord }
  | { readonly outcome: 'unreadable'; readonly problem: string };

const kinds: readonly unknown[] = ['org', 'team', 'key'] satisfies TenantRecord['kind'][];

/** The fields that name it, and those that a reader walks through. */
const isRecord = (value: unknown): value is TenantRecord => {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  const { kind } = fields;
  if (!kinds.includes(kind)) return false;
  const names = kind === 'org' ? ['org'] : kind === 'team' ? ['org', 'team'] : ['org', 'team', 'id'];
  const lists = ['rateLimits', 'budgets', 'models', 'routes', ...(kind === 'key' ? ['secrets'] : [])];
  return (
    names.every((name) => {
      const text = fields[name];
      return typeof text === 'string' && isSubjectToken(text);
    }) && lists.every((name) => Array.isArray(fields[name]))
  );
};

const unreadable = (problem: string): ReadTenantRecord => ({ outcome: 'unreadable', problem });

/**
 * Reads an entry of bucket `weir_keys` with cheap checks only: whoever writes one checks all of it, and there may be
 * tens of thousands. Never throws.
 */
export const readTenantRecord = (entry: string, text: string): ReadTenantRecord => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable('not JSON');
  }
  if (!isRecord(value)) return unreadable('not an organisation, a team or a key, or a field is missing');
  const expected = tenantEntry(value);
  if (entry !== expected) return unreadable(`belongs under ${expected}`);
  return { outcome: 'read', record: value };
};
