import { createHash } from 'node:crypto';
import { isAttached, waitFor } from '@weir/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { settledLedger } from '../chaos/support/ledger-oracle.ts';
import { sumMetric } from '../chaos/support/metrics.ts';
import { admin, adminMesh } from './support/admin-api.ts';
import { bearer, call, parseBody, type RawAnswer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';
import { createSimulatorAdmin, type SimulatorAdmin } from './support/simulator-admin.ts';

const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const tenant = (org: string, budgets: readonly object[] = []) => ({
  org,
  keys: [{ id: 'k1', sha256: hash(`secret-${org}`), budgets }],
});

const pool = (url: string | undefined, models: readonly string[]) => ({
  provider: 'openai-compatible',
  targets: [url],
  models,
});

/** Each request holds about 60 tokens, and uses about 50. */
const tokens = (limit: number, more: object = {}) => ({ name: 'tokens', limit, period: 'daily', ...more });
const triggers = { onHealthFailure: false, onBudgetExhausted: true };
const mapped = { upstream: 'spare', modelMapping: { 'sim-gpt': 'sim-gpt-mini' } };

const route = (name: string, more: object) => ({
  name,
  match: { pathPrefix: `/${name}` },
  stripPrefix: `/${name}`,
  upstreams: ['own'],
  retry: { attempts: 2, backoffMs: 5, maxBackoffMs: 10 },
  ...more,
});

const config = ([own, spare]: readonly string[]): object => ({
  version: 1,
  upstreams: {
    own: pool(own, ['sim-gpt']),
    spare: pool(spare, ['sim-gpt-mini']),
    // Nobody listens there.
    down: pool('http://127.0.0.1:9', ['sim-gpt']),
  },
  pricing: {
    models: [
      { model: 'sim-gpt', inputPerMillion: 1_000, outputPerMillion: 1_000 },
      { model: 'sim-gpt-mini', inputPerMillion: 0, outputPerMillion: 0 },
    ],
  },
  routes: [
    route('capped', { budgets: [tokens(230)], fallback: { upstreams: [mapped], triggers } }),
    route('open', { fallback: { upstreams: [mapped], triggers } }),
    route('off', { budgets: [tokens(70)], fallback: { upstreams: [mapped] } }),
    route('dead', { budgets: [tokens(70)], fallback: { upstreams: ['down'], triggers } }),
    route('watched', {
      budgets: [tokens(1, { enforce: false })],
      fallback: { upstreams: [mapped], triggers },
    }),
  ],
  tenants: [
    tenant('rich', [{ name: 'all', limit: 1_000_000, period: 'daily' }]),
    tenant('few', [{ name: 'few', unit: 'requests', limit: 6, period: 'daily' }]),
    tenant('poor', [{ name: 'cost', unit: 'money', limit: '0.08', period: 'daily' }]),
    tenant('plain'),
    tenant('watching'),
    tenant('lost'),
  ],
});

/** Until the ledger has it, on a busy machine. */
const patience = { timeout: 10_000, interval: 50 };

interface BudgetLine {
  readonly scope: string;
  readonly budget: string;
  readonly spent: string;
  readonly held: string;
}

describe.skipIf(isAttached()).each([
  { where: 'in the policy itself', redis: false, replicas: {} },
  { where: 'in Redis', redis: true, replicas: { policy: 2, scheduler: 2 } },
])('a fallback for budgets that are used up, kept $where', ({ redis, replicas }) => {
  const env = { WEIR_POLICY_STORE_TIMEOUT_MS: '2000' };
  const mesh = useMesh(adminMesh({ config, simulators: 2, redis, replicas, env }));

  const simulator = (index: number): SimulatorAdmin =>
    createSimulatorAdmin(mesh().mesh.simulators[index]?.url ?? '');

  const ask = (org: string, name: string, body: object = {}): Promise<RawAnswer> =>
    call(`${mesh().baseUrl}/${name}/v1/chat/completions`, {
      headers: bearer(`secret-${org}`),
      body: JSON.stringify({
        model: 'sim-gpt',
        max_tokens: 50,
        messages: [{ role: 'user', content: '[[tokens:40]] hello' }],
        ...body,
      }),
    });

  const upstreamOf = ({ headers }: RawAnswer): string | undefined => headers['x-weir-upstream'];
  const usedBy = (answers: readonly RawAnswer[]): number =>
    answers.reduce((sum, answer) => sum + parseBody(answer).usage.total_tokens, 0);

  const budgetsOf = async (org: string): Promise<Map<string, BudgetLine>> => {
    const { data } = parseBody(await admin(mesh().mesh, 'GET', `/budgets?org=${org}`));
    return new Map(data.map((line: BudgetLine) => [`${line.scope.split(/[:/]/)[1]} ${line.budget}`, line]));
  };
  /** What is spent, once nothing is held any more. */
  const spentOf = (org: string, name: string): Promise<string> =>
    waitFor(
      async () => {
        const lines = await budgetsOf(org);
        const isOver = [...lines.values()].every(({ held }) => held === '0');
        return isOver ? (lines.get(name)?.spent ?? '0') : undefined;
      },
      { what: `the holds of ${org} to end` },
    );

  const fallbacksOf = (name: string): Promise<number> => {
    const labels = `route="${name}",from="own",to="spare",reason="budget-exhausted"`;
    return sumMetric(mesh().mesh.services.scheduler, 'weir_fallback_total', labels);
  };

  beforeEach(async () => {
    for (const index of [0, 1]) await simulator(index).configure({ fault: null });
  });

  it('first its own upstream serves the route, then the fallback, which its budget is not charged for', async () => {
    const own: RawAnswer[] = [];
    const spare: RawAnswer[] = [];
    let spent = '0';
    while (spare.length === 0) {
      const answer = await ask('rich', 'capped');
      (upstreamOf(answer) === 'own' ? own : spare).push(answer);
      // What one has held and not used, the next one may have.
      await expect
        .poll(async () => (spent = await spentOf('rich', 'capped tokens')), patience)
        .toBe(String(usedBy(own)));
    }
    expect(own.length).toBeGreaterThanOrEqual(3);
    expect(own.map(({ status }) => status)).toEqual(own.map(() => 200));
    expect(own.map((one) => parseBody(one).model)).toEqual(own.map(() => 'sim-gpt'));
    const calls = await simulator(0).countCalls();
    for (let request = 0; request < 8; request += 1) spare.push(await ask('rich', 'capped'));
    for (const { status, headers } of spare) {
      expect({ status, headers }).toMatchObject({
        status: 200,
        headers: { 'x-weir-upstream': 'spare', 'x-weir-attempts': '1' },
      });
      // Of the budget that refused it.
      expect(headers['x-budget-remaining']).toBe(String(230 - Number(spent)));
    }
    expect(spare.map((one) => parseBody(one).model)).toEqual(spare.map(() => 'sim-gpt-mini'));
    expect(await simulator(0).countCalls()).toBe(calls);
    await expect.poll(() => spentOf('rich', 'rich all'), patience).toBe(String(usedBy([...own, ...spare])));
    expect(await spentOf('rich', 'capped tokens')).toBe(spent);
    // One that was submitted again counts again.
    expect(await fallbacksOf('capped')).toBeGreaterThanOrEqual(spare.length);
  });

  it('a stream goes there as well', async () => {
    const answer = await ask('rich', 'capped', { stream: true });
    expect(answer.status).toBe(200);
    expect(upstreamOf(answer)).toBe('spare');
    expect(answer.body.toString()).toContain('"model":"sim-gpt-mini"');
    expect(answer.body.toString().trimEnd()).toMatch(/data: \[DONE\]$/);
  });

  it('what fails there is tried again there, and never at the own upstream', async () => {
    const calls = await simulator(0).countCalls();
    await simulator(1).configure({ fault: { name: '503', count: 1 } });
    const mended = await ask('rich', 'capped');
    expect(mended.headers).toMatchObject({ 'x-weir-upstream': 'spare', 'x-weir-attempts': '2' });
    await simulator(1).configure({ fault: { name: '503' } });
    const failed = await ask('rich', 'capped');
    expect(failed.status).toBe(503);
    expect(upstreamOf(failed)).toBe('spare');
    expect(await simulator(0).countCalls()).toBe(calls);
  });

  it('when the budget of the tenant is used up as well, the client is refused as it was at first', async () => {
    const answers: RawAnswer[] = [];
    for (let request = 0; request < 7; request += 1) {
      answers.push(await ask('few', 'capped'));
      // What it has held and not used would make room for the last one, or not.
      await spentOf('few', 'few few');
    }
    const refused = answers.pop();
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    // No more than four of them fit into the budget of the route.
    expect(answers.filter((answer) => upstreamOf(answer) === 'spare').length).toBeGreaterThanOrEqual(2);
    expect(refused?.status).toBe(429);
    expect(refused?.headers).toMatchObject({ 'x-should-retry': 'false' });
    expect(refused?.body.toString()).toMatch(/Token budget exhausted: budget \\"tokens\\" of route:capped/);
    expect(await spentOf('few', 'few few')).toBe('6');
  });

  it('who has no money left goes on with what costs nothing', async () => {
    const first = await ask('poor', 'open');
    expect(upstreamOf(first)).toBe('own');
    const spent = await waitFor(
      async () => {
        const found = await spentOf('poor', 'poor cost');
        return found !== '0' && found;
      },
      { what: 'the cost' },
    );
    expect(Number(spent)).toBeCloseTo(usedBy([first]) / 1_000, 9);
    const second = await ask('poor', 'open');
    expect(second.status).toBe(200);
    expect(upstreamOf(second)).toBe('spare');
    expect(Number(second.headers['x-budget-remaining'])).toBeCloseTo(0.08 - Number(spent), 9);
    expect(second.headers['x-inference-cost']).toBe('0');
    expect(await spentOf('poor', 'poor cost')).toBe(spent);
  });

  it('without the trigger a route refuses, as ever', async () => {
    expect((await ask('plain', 'off')).status).toBe(200);
    const refused = await ask('plain', 'off');
    expect(refused.status).toBe(429);
    expect(parseBody(refused).error.code).toBe('insufficient_quota');
  });

  it('a budget that only reports sends nobody away', async () => {
    const answers = [await ask('watching', 'watched'), await ask('watching', 'watched')];
    expect(answers.map(upstreamOf)).toEqual(['own', 'own']);
  });

  it('a fallback that cannot take it is the usual error, not the own upstream, and leaves no hold', async () => {
    expect(upstreamOf(await ask('lost', 'dead'))).toBe('own');
    const calls = await simulator(0).countCalls();
    const failed = await ask('lost', 'dead');
    expect(failed.status).toBe(502);
    expect(parseBody(failed).error.message).toContain('could not be reached');
    expect(await simulator(0).countCalls()).toBe(calls);
    await spentOf('lost', 'dead tokens');
  });

  it('the limit store says what the ledger says', async () => {
    const report = await settledLedger(mesh().mesh.nats().url, 20_000);
    expect(report.invariants.filter(({ state }) => state === 'failed')).toEqual([]);
    const store = report.invariants.find(({ invariant }) => invariant === 'I4');
    expect(store?.state).toBe('ok');
  });
});
