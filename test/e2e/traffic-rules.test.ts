import { demoKey, isAttached, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { createSimulatorAdmin } from './support/simulator-admin.ts';

const upstream = (url: string | undefined) => ({
  provider: 'openai-compatible',
  models: ['sim-gpt', 'sim-gpt-mini'],
  targets: [url],
});

const match = (path: string) => ({ path: `/${path}/v1/chat/completions`, methods: ['POST'] });
const route = (name: string, way: object) => ({
  name,
  match: match(name),
  stripPrefix: `/${name}`,
  retry: { backoffMs: 1 },
  ...way,
});

const config = ([one, other]: readonly string[]) => ({
  version: 1,
  upstreams: {
    stable: upstream(one),
    new: upstream(other),
    // The wildcard comes first, and a route without upstreams asks for the closest all the same.
    rest: { ...upstream(other), models: ['*'] },
    claude: { ...upstream(one), models: ['claude-3-*'] },
  },
  routes: [
    route('weighted', {
      split: [
        { upstream: 'stable', weight: 90 },
        { upstream: 'new', weight: 10 },
      ],
    }),
    route('sticky', {
      split: [
        { upstream: 'stable', weight: 50 },
        { upstream: 'new', weight: 50 },
      ],
      splitBy: 'header:X-Session-Id',
    }),
    route('ab', {
      abTest: {
        header: 'X-AB-Test-Group',
        variants: [
          { name: 'control', upstream: 'stable' },
          { name: 'experiment', upstream: 'new' },
        ],
      },
    }),
    route('models', {}),
    route('composite', {
      upstreams: ['stable'],
      rules: [
        { match: { models: ['sim-gpt'], headers: { 'X-Customer-Tier': 'premium' } }, upstreams: ['new'] },
        { match: { models: ['sim-gpt-*'], tiers: ['gold'] }, upstreams: ['new'] },
      ],
    }),
  ],
  tenants: [{ org: 'demo', tier: 'gold', keys: [demoKey.entry] }],
});

describe.skipIf(isAttached())('where the requests of a route go', () => {
  const mesh = useMesh({ simulators: 2, replicas: { scheduler: 2 }, config });

  const simulator = (position: number) => createSimulatorAdmin(mesh().mesh.simulators[position]?.url ?? '');

  const send = async (name: string, headers: Record<string, string> = {}, model = 'sim-gpt') => {
    const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] });
    const answer = await call(`${mesh().baseUrl}/${name}/v1/chat/completions`, {
      headers: { ...bearer(key), ...headers },
      body,
    });
    expect(answer.status).toBe(200);
    return { upstream: answer.headers['x-weir-upstream'], variant: answer.headers['x-weir-variant'] };
  };

  const sendMany = async (count: number, ...given: Parameters<typeof send>) => {
    const upstreams: unknown[] = [];
    // In small groups: more at a time tell nothing more.
    for (let sent = 0; sent < count; sent += 10) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(...given)));
      upstreams.push(...answers.map((answer) => answer.upstream));
    }
    return upstreams;
  };

  it('split: each upstream has its share, by its own count', async () => {
    const before = await simulator(1).countCalls();
    const upstreams = await sendMany(400, 'weighted');
    const toNew = upstreams.filter((name) => name === 'new').length;
    expect((await simulator(1).countCalls()) - before).toBe(toNew);
    // A tenth of 400, within six standard deviations.
    expect(toNew).toBeGreaterThan(4);
    expect(toNew).toBeLessThan(76);
  });

  it('split by a header: one value, one variant, whichever scheduler decides', async () => {
    const firsts: unknown[] = [];
    for (let session = 0; session < 24; session += 1) {
      const ways = await sendMany(10, 'sticky', { 'x-session-id': `session-${session}` });
      expect(new Set(ways).size).toBe(1);
      firsts.push(ways[0]);
    }
    expect(new Set(firsts)).toEqual(new Set(['stable', 'new']));
  });

  it('split: a request whose variant fails is answered by another one, which the answer names', async () => {
    const session = await findSession('new');
    await simulator(1).configure({ fault: { name: '500' } });
    try {
      expect(await send('sticky', { 'x-session-id': session })).toEqual({
        upstream: 'stable',
        variant: 'stable',
      });
    } finally {
      await simulator(1).configure({ fault: null });
    }
    expect(await send('sticky', { 'x-session-id': session })).toMatchObject({ upstream: 'new' });
  });

  const findSession = async (wanted: string): Promise<string> => {
    for (let at = 0; at < 64; at += 1) {
      const { upstream: found } = await send('sticky', { 'x-session-id': `s${at}` });
      if (found === wanted) return `s${at}`;
    }
    throw new Error(`no session goes to ${wanted}`);
  };

  it('A/B: a header names the variant, and without it a key stays with one', async () => {
    expect(await send('ab', { 'x-ab-test-group': 'control' })).toEqual({
      upstream: 'stable',
      variant: 'control',
    });
    expect(await send('ab', { 'x-ab-test-group': 'experiment' })).toEqual({
      upstream: 'new',
      variant: 'experiment',
    });
    expect(new Set(await sendMany(20, 'ab')).size).toBe(1);
    const [ingress] = mesh().mesh.services.ingress;
    await waitFor(() => ingress?.log().includes('"variant":"experiment"'), { what: 'its access line' });
  });

  it('models: a pattern takes what it names, and * what nobody else does', async () => {
    for (const place of [0, 1]) await simulator(place).configure({ models: [] });
    const wayOf = async (model: string) => (await send('models', {}, model)).upstream;
    expect(await Promise.all(['claude-3-opus', 'claude-3-5-haiku'].map(wayOf))).toEqual(['claude', 'claude']);
    expect(await Promise.all(['claude-2', 'mistral-large', 'my-claude-3-x'].map(wayOf))).toEqual(
      Array(3).fill('rest'),
    );
  });

  it('rules: header, tier and model together; the route where none matches', async () => {
    const premium = { 'x-customer-tier': 'premium' };
    expect(await send('composite', premium)).toEqual({ upstream: 'new', variant: undefined });
    expect(await send('composite', {})).toMatchObject({ upstream: 'stable' });
    expect(await send('composite', { 'x-customer-tier': 'basic' })).toMatchObject({ upstream: 'stable' });
    // By the tier of the key.
    expect(await send('composite', {}, 'sim-gpt-mini')).toMatchObject({ upstream: 'new' });
  });
});
