import { createHash } from 'node:crypto';
import { buckets, type KeyRecord, type OrgRecord, type TenantRecord, tenantEntry } from '@weir/contracts';
import { connectNatsBus, type EntryWriter, openEntryWriter } from '@weir/messaging';

const keysPerOrg = 100;
const writesAtATime = 64;
const closeTimeoutMs = 2_000;

const rules = {
  models: ['*'],
  routes: ['*'],
  metadata: {},
  change: { by: 'soak', action: 'created', at: 1, request: 'soak' },
} as const;

/** Nobody is refused: what is watched is the memory that the counting takes. */
const keyRules = {
  rateLimits: [
    { tokensPerMinute: 1_000_000_000, requestsPerMinute: 1_000_000, estimate: 'tiktoken', enforce: true },
  ],
  budgets: [
    {
      name: 'monthly',
      unit: 'money',
      limit: '1000000',
      period: 'monthly',
      timeZone: 'UTC',
      enforce: true,
      alertThresholds: [0.8, 1],
      burstAllowance: 0,
      rollOver: 0,
      hold: { mode: 'worst-case', outputTokens: 4_096, quantile: 0.95 },
      onLow: 'deny',
    },
  ],
} as const;

export const secretOf = (index: number): string => `weir-soak-${index}`;

const orgOf = (index: number): string => `soak-${Math.floor(index / keysPerOrg)}`;

const orgRecord = (org: string): OrgRecord => ({ kind: 'org', org, rateLimits: [], budgets: [], ...rules });

const keyRecord = (index: number): KeyRecord => ({
  kind: 'key',
  org: orgOf(index),
  team: '_',
  id: `key-${index}`,
  secrets: [{ sha256: createHash('sha256').update(secretOf(index)).digest('hex') }],
  createdAt: 1,
  ...rules,
  ...keyRules,
});

const writeAll = async (writer: EntryWriter, records: readonly TenantRecord[]): Promise<void> => {
  const left = records.values();
  const writeOnes = async (): Promise<void> => {
    for (const record of left) await writer.put(tenantEntry(record), JSON.stringify(record), 0);
  };
  await Promise.all(Array.from({ length: writesAtATime }, writeOnes));
};

/** Creates keys at run time, where the admin API keeps them; each has a rate limit and a budget of its own. */
export const createKeys = async (natsUrl: string, count: number): Promise<void> => {
  const bus = await connectNatsBus({
    servers: [natsUrl],
    name: 'soak',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  try {
    const writer = await openEntryWriter(bus, { bucket: buckets.keys, replicas: 1 });
    const orgs = new Set(Array.from({ length: count }, (_, index) => orgOf(index)));
    await writeAll(writer, [...orgs].map(orgRecord));
    await writeAll(
      writer,
      Array.from({ length: count }, (_, index) => keyRecord(index)),
    );
  } finally {
    await bus.close(closeTimeoutMs);
  }
};
