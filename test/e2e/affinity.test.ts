import { type LoadReport, subjects } from '@weir/contracts';
import { connectNatsBus, type NatsBus } from '@weir/messaging';
import { demoKey, isAttached, waitFor } from '@weir/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { createSimulatorAdmin } from './support/simulator-admin.ts';

const upstream = (urls: readonly string[], given: object) => ({
  provider: 'openai-compatible',
  targets: urls,
  ...given,
});

describe.skipIf(isAttached())('affinity', () => {
  const mesh = useMesh({
    simulators: 3,
    config: (urls) => ({
      version: 1,
      upstreams: {
        byHeader: upstream(urls, {
          strategy: 'session',
          models: ['by-header'],
          affinity: { header: 'X-Session-Id' },
        }),
        byCookie: upstream(urls, { strategy: 'session', models: ['by-cookie'], affinity: { cookie: 'sid' } }),
        byPrefix: upstream(urls, { strategy: 'prefix', models: ['by-prefix'] }),
        byKey: upstream(urls, { strategy: 'session', models: ['by-key'] }),
      },
      tenants: [{ org: 'demo', keys: [demoKey.entry] }],
    }),
  });
  let bus: NatsBus | undefined;
  let reports = 0;
  const admins = () => mesh().mesh.simulators.map(({ url }) => createSimulatorAdmin(url));

  beforeAll(async () => {
    await Promise.all(admins().map(({ configure }) => configure({ models: [] })));
    const ignore = () => undefined;
    bus = await connectNatsBus({
      name: 'affinity',
      servers: [mesh().mesh.nats().url],
      onError: ignore,
      onClosed: ignore,
    });
    bus.subscribe(subjects.loads, ({ data }) => {
      const report: LoadReport = JSON.parse(new TextDecoder().decode(data));
      if (report.pool === 'byPrefix') reports += 1;
    });
    await bus.flush(2_000);
  });

  afterAll(() => bus?.close(1_000));

  /** The scheduler knows that what was sent so far is over: the first report may have been on its way already. */
  const untilReported = () => {
    const before = reports;
    return waitFor(() => reports >= before + 3, { what: 'load reports' });
  };

  const dead = new Set<number>();

  /** Which of the simulators answered. */
  const served = async (
    model: string,
    headers: Readonly<Record<string, string>> = {},
    content = 'Hello',
  ): Promise<number> => {
    const body = JSON.stringify({ model, messages: [{ role: 'user', content }] });
    const url = `${mesh().baseUrl}/v1/chat/completions`;
    const answer = await call(url, { headers: { ...bearer(key), ...headers }, body });
    expect(answer.status).toBe(200);
    const calls = await Promise.all(
      admins().map((admin, at) => (dead.has(at) ? [] : admin.callsOf(answer.headers['x-request-id'] ?? ''))),
    );
    return calls.findIndex((some) => some.some(({ status }) => status === 200));
  };

  const sessions = Array.from({ length: 12 }, (_none, at) => `session-${at}`);

  it('sends every request of a header to one target, and different ones to different targets', async () => {
    const homes = new Set<number>();
    for (const session of sessions) {
      const headers = { 'x-session-id': session };
      const first = await served('by-header', headers);
      for (let again = 0; again < 3; again += 1) expect(await served('by-header', headers)).toBe(first);
      homes.add(first);
    }
    expect(homes).toEqual(new Set([0, 1, 2]));
  });

  it('does the same by one of the cookies, whatever the others are', async () => {
    const homes = new Set<number>();
    for (const session of sessions) {
      const first = await served('by-cookie', { cookie: `sid=${session}; seen=1` });
      expect(await served('by-cookie', { cookie: `theme=dark; sid=${session}` })).toBe(first);
      homes.add(first);
    }
    expect(homes.size).toBeGreaterThan(1);
  });

  it('does the same by the key, where nothing else names a session', async () => {
    const first = await served('by-key');
    for (let again = 0; again < 8; again += 1) expect(await served('by-key')).toBe(first);
  });

  it('sends what has no session to any target', async () => {
    const homes = new Set<number>();
    for (let request = 0; request < 30; request += 1) homes.add(await served('by-header'));
    expect(homes.size).toBeGreaterThan(1);
  });

  it('sends a prompt to where its beginning was read before', async () => {
    const homes = new Set<number>();
    for (const session of sessions) {
      const prompt = `${session} ${'lorem ipsum '.repeat(800)}`;
      const first = await served('by-prefix', {}, prompt);
      await untilReported();
      expect(await served('by-prefix', {}, `${prompt} and more`)).toBe(first);
      await untilReported();
      homes.add(first);
    }
    expect(homes.size).toBeGreaterThan(1);
  });

  it('moves the sessions of a target that goes, and those alone', async () => {
    const homeOf = (session: string) => served('by-header', { 'x-session-id': session });
    const before = new Map<string, number>();
    for (const session of sessions) before.set(session, await homeOf(session));
    const [gone] = before.values();
    if (gone === undefined) throw new Error('there are no sessions');
    dead.add(gone);
    const simulator = mesh().mesh.services.simulator.find(
      ({ url }) => url === mesh().mesh.simulators[gone]?.url,
    );
    simulator?.kill('SIGKILL');
    await simulator?.exited;
    for (const session of sessions) {
      const after = await homeOf(session);
      if (before.get(session) !== gone) expect(after).toBe(before.get(session));
      // Its new one is its own, too.
      else expect(await homeOf(session)).toBe(after);
    }
  });
});
