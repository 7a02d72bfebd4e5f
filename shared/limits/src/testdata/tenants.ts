import type {
  BudgetConfig,
  KeyConfig,
  KeyRecord,
  OrgRecord,
  RateLimitConfig,
  TeamConfig,
  TeamRecord,
  TenantConfig,
} from '@weir/contracts';

export const hashOf = (digit: string): string => digit.repeat(64);

export const rateLimit = (fields: Partial<RateLimitConfig> = {}): RateLimitConfig => ({
  requestsPerMinute: 60,
  estimate: 'tiktoken',
  enforce: true,
  ...fields,
});

export const budget = (fields: Partial<BudgetConfig> = {}): BudgetConfig => ({
  name: 'monthly',
  unit: 'money',
  limit: '100',
  period: 'monthly',
  timeZone: 'UTC',
  enforce: true,
  alertThresholds: [],
  burstAllowance: 0,
  rollOver: 0,
  hold: { mode: 'worst-case', outputTokens: 4_096, quantile: 0.95 },
  onLow: 'deny',
  ...fields,
});

const rules = { rateLimits: [], budgets: [], models: ['*'], routes: ['*'], metadata: {} };

const record = { ...rules, change: { by: 'admin', action: 'created', at: 1, request: 'r' } } as const;

export const orgRecord = (fields: Partial<OrgRecord> = {}): OrgRecord => ({
  kind: 'org',
  org: 'acme',
  ...record,
  ...fields,
});

export const teamRecord = (fields: Partial<TeamRecord> = {}): TeamRecord => ({
  kind: 'team',
  org: 'acme',
  team: 'web',
  ...record,
  ...fields,
});

export const keyRecord = (fields: Partial<KeyRecord> = {}): KeyRecord => ({
  kind: 'key',
  org: 'acme',
  team: 'web',
  id: 'k1',
  secrets: [{ sha256: hashOf('1') }],
  createdAt: 1,
  ...record,
  ...fields,
});

export const fileKey = (fields: Partial<KeyConfig> = {}): KeyConfig => ({
  id: 'k1',
  sha256: hashOf('f'),
  ...rules,
  ...fields,
});

export const fileTeam = (fields: Partial<TeamConfig> = {}): TeamConfig => ({
  team: 'web',
  keys: [],
  ...rules,
  ...fields,
});

export const fileOrg = (fields: Partial<TenantConfig> = {}): TenantConfig => ({
  org: 'acme',
  keys: [],
  teams: [],
  ...rules,
  ...fields,
});
