import { createHash } from 'node:crypto';
import { parseConfig, type RatedUsage } from '@weir/contracts';
import { chargesOf, createTotals } from '@weir/ledger';
import { buildPriceBook, type PriceBook } from '@weir/pricing';
import { type MeshOptions, startMesh, waitFor } from '@weir/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { openBudgetReader } from './support/budget-state.ts';
import { type KillSchedule, startKillSchedule, type Victim } from './support/kill-schedule.ts';
import {
  compareWithProvider,
  latestOf,
  readProviderCalls,
  readRecords,
  settledLedger,
} from './support/ledger-oracle.ts';
import { runMixedLoad } from './support/mixed-load.ts';
import { createSeededRandom } from './support/seeded-random.ts';

/** One seed of many; which processes die when, and what the clients do, follows from it. */
const seed = Number(process.env['WEIR_CHAOS_SEED'] ?? 1);
const asked = process.env['WEIR_CHAOS_REQUESTS'];

interface Layout {
  readonly name: string;
  readonly requests: number;
  readonly replicas: NonNullable<MeshOptions['replicas']>;
  /** Who dies. Those that take the clients in, and those that call the provider, among them. */
  readonly victims: readonly Victim[];
  readonly entry: 'ingress' | 'all-in-one';
  readonly caller: 'adapter' | 'all-in-one';
}

const layouts: readonly Layout[] = [
  {
    name: 'five services',
    requests: Number(asked ?? 3_000),
    replicas: { ingress: 2, policy: 2, scheduler: 2, adapter: 3, metering: 2 },
    victims: ['ingress', 'policy', 'scheduler', 'adapter', 'metering', 'nats', 'redis'],
    entry: 'ingress',
    caller: 'adapter',
  },
  {
    name: 'all in one',
    requests: Number(asked ?? 600),
    replicas: { 'all-in-one': 2, metering: 2 },
    victims: ['all-in-one', 'metering', 'nats', 'redis'],
    entry: 'all-in-one',
    caller: 'all-in-one',
  },
];

const concurrency = 32;
const requestTimeoutMs = 12_000;
/** A request may have come just before its ingress lost the bus, and a machine of two cores runs all of this. */
const marginMs = 8_000;

type Mesh = Awaited<ReturnType<typeof startMesh>>;

interface Run {
  readonly mesh: Mesh;
  readonly told: string;
  readonly killsOf: (victim: Victim) => number;
}

const meshes: Mesh[] = [];
/** Layouts whose load is over. */
const runs = new Map<Layout, Run>();
afterAll(() => Promise.all(meshes.map((mesh) => mesh.stop())));

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const secrets = ['secret-a', 'secret-b', 'secret-c'];

const pricing = {
  models: [
    { model: 'sim-gpt', inputPerMillion: '2.5', outputPerMillion: '10' },
    { model: 'sim-claude', inputPerMillion: '3', outputPerMillion: '15.000001' },
  ],
};
const budgets = [
  { name: 'money', unit: 'money', limit: '1000000', period: 'daily' },
  { name: 'tokens', unit: 'tokens', limit: 1_000_000_000, period: 'monthly' },
  { name: 'requests', unit: 'requests', limit: 1_000_000_000, period: 'weekly' },
];

const config = (urls: readonly string[]): object => ({
  version: 1,
  listeners: { http: { requestTimeoutMs } },
  upstreams: {
    openai: {
      provider: 'openai-compatible',
      targets: [urls[0]],
      models: ['sim-gpt'],
      forwardHeaders: ['x-sim-*'],
    },
    anthropic: {
      provider: 'anthropic',
      targets: [urls[0]],
      models: ['sim-claude'],
      onDisconnect: 'drain',
      forwardHeaders: ['x-sim-*'],
    },
  },
  pricing,
  tenants: [
    {
      org: 'acme',
      budgets,
      keys: secrets.map((secret, position) => ({
        id: `k${position}`,
        sha256: sha256Hex(secret),
        budgets: position === 0 ? budgets : [],
        rateLimits: [{ concurrency: 1_000, tokensPerMinute: 1_000_000_000 }],
      })),
    },
  ],
});

/** Besides what this load asks for itself, 500: errors of the mesh, each with a type. */
const typedEndings = new Set(['200', '500', '502', '503', '504', 'left', 'cut']);

const bookOf = (): PriceBook => {
  const parsed = parseConfig(config(['http://127.0.0.1:1']));
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  const built = buildPriceBook({ config: parsed.config.pricing, sha256Hex });
  if (built.outcome === 'invalid') throw new Error(built.problems.join('\n'));
  return built.book;
};

const start = async (replicas: Layout['replicas']): Promise<Mesh> => {
  const mesh = await startMesh({
    redis: true,
    replicas,
    config,
    env: {
      WEIR_POLICY_STORE_TIMEOUT_MS: '1000',
      WEIR_POLICY_HOLD_TTL_MS: '20000',
      WEIR_METERING_INTENT_GRACE_MS: '5000',
      WEIR_METERING_LEASE_MS: '1000',
      WEIR_SIM_PROFILE: 'paced',
      WEIR_SIM_TTFT_MS: '10',
      WEIR_SIM_ITL_MS: '2',
      WEIR_SIM_MAX_LOGGED_CALLS: '50000',
    },
  });
  meshes.push(mesh);
  return mesh;
};

const tell = ({ killed }: KillSchedule, endings: ReadonlyMap<string, number>): string =>
  `killed ${killed.join(', ')}\n${JSON.stringify([...endings])}`;

/** Nobody hangs, and no connection is cut but by the death of who holds it. */
const expectEveryRequestToEnd = async (layout: Layout): Promise<void> => {
  const { requests, replicas, victims, entry } = layout;
  const mesh = await start(replicas);
  const kills = startKillSchedule({
    mesh,
    victims,
    random: createSeededRandom(seed),
    pauseMs: [300, 1_200],
    awayMs: [20, 400],
  });
  const load = await runMixedLoad({
    baseUrls: () => kills.live(entry).map(({ url }) => url ?? ''),
    requests,
    concurrency,
    patienceMs: requestTimeoutMs + marginMs,
    random: createSeededRandom(seed + 1_000_000),
    keys: secrets,
  });
  await kills.stop();
  const told = tell(kills, load.endings);
  const killsOf = (victim: Victim): number => kills.killed.filter((one) => one === victim).length;
  runs.set(layout, { mesh, told, killsOf });
  expect(
    [...load.totals.keys()].filter((ending) => !typedEndings.has(ending)),
    told,
  ).toEqual([]);
  expect(load.totals.get('cut') ?? 0, told).toBeLessThanOrEqual(killsOf(entry) * concurrency);
};

const expectBudgetsToAgree = async (natsUrl: string, records: readonly RatedUsage[], told: string) => {
  const totals = createTotals();
  for (const record of records) totals.add(chargesOf(record));
  const reader = await openBudgetReader(natsUrl);
  const expected = [...totals.entries()].map(([counter, spent]) => ({ counter, spent, held: 0n }));
  expect(expected.length).toBe(2 * budgets.length);
  await waitFor(
    async () => {
      const readings = await reader.read(expected.map(({ counter }) => counter));
      expect(readings).toEqual(expected);
      return true;
    },
    {
      what: `the limit store to equal the ledger, and hold nothing (${told})`,
      timeoutMs: 40_000,
      intervalMs: 500,
    },
  );
  await reader.close();
};

const expectBooksToAgree = async (layout: Layout): Promise<void> => {
  const run = runs.get(layout);
  if (!run) throw new Error('needs the test that kills the processes of this layout to have run');
  const { mesh, told, killsOf } = run;
  const natsUrl = mesh.nats().url;
  const verified = await settledLedger(natsUrl, 90_000);
  expect(
    verified.invariants.filter(({ state }) => state === 'failed'),
    told,
  ).toEqual([]);

  const calls = await readProviderCalls(mesh.simulators.map(({ url }) => url));
  const records = await readRecords(natsUrl);
  const report = compareWithProvider({ calls, records: latestOf(records), book: bookOf() });
  expect(report.mismatches.slice(0, 20), told).toEqual([]);
  expect(report.qualities.reported).toBeGreaterThan(layout.requests / 5);
  // A report is lost with the adapter that read it, and with nobody else.
  expect(report.unheard, told).toBeLessThanOrEqual(killsOf(layout.caller) * concurrency);
  await expectBudgetsToAgree(natsUrl, records, told);
  process.stdout.write(`${told}\n${JSON.stringify({ ...report, mismatches: 0 })}\n`);
};

describe(`every process is killed at random, seed ${seed}`, { timeout: 600_000 }, () => {
  it.each(layouts)('$name: each of $requests requests ends with an answer or a typed error', (layout) =>
    expectEveryRequestToEnd(layout),
  );

  // Behind the load of all layouts: attempts that nobody accounts for become due while the others are at it.
  it.each(layouts)('$name: the ledger says what the provider itself counted', (layout) =>
    expectBooksToAgree(layout),
  );
});
