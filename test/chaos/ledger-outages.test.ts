import { jetstreamManager } from '@nats-io/jetstream';
import { streams } from '@weir/contracts';
import { connectNatsBus } from '@weir/messaging';
import { type MeshService, startMesh, waitFor } from '@weir/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { latestOf, readProviderCalls, readRecords, settledLedger } from './support/ledger-oracle.ts';
import { readMetric } from './support/metrics.ts';
import { describeOutcomes, startSteadyLoad } from './support/steady-load.ts';

type Mesh = Awaited<ReturnType<typeof startMesh>>;

let mesh: Mesh | undefined;
afterEach(async () => {
  await mesh?.stop();
  mesh = undefined;
});

const start = async (): Promise<Mesh> => {
  mesh = await startMesh({
    replicas: { metering: 2 },
    env: { WEIR_METERING_LEASE_MS: '1000', WEIR_INTENT_TIMEOUT_MS: '500' },
  });
  return mesh;
};

const ask = async (running: Mesh): Promise<{ status: number; code: string | undefined }> => {
  const answer = await fetch(`${running.baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer weir-demo-key', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sim-gpt', messages: [{ role: 'user', content: '[[tokens:3]] go' }] }),
    signal: AbortSignal.timeout(20_000),
  });
  const body = (await answer.json()) as { error?: { code?: string } };
  return { status: answer.status, code: body.error?.code };
};

/** Each call of the provider has one account, and each account a call. */
const expectBooksToAgree = async (running: Mesh): Promise<void> => {
  const natsUrl = running.nats().url;
  const report = await settledLedger(natsUrl, 30_000);
  expect(report.invariants.filter(({ state }) => state === 'failed')).toEqual([]);
  const calls = await readProviderCalls(running.simulators.map(({ url }) => url));
  const accounts = latestOf(await readRecords(natsUrl)).filter(({ status }) => status !== undefined);
  expect(accounts.map(({ requestId, attempt, run }) => `${requestId}.${attempt}.${run}`).sort()).toEqual(
    calls.map(({ id, attempt }) => `${id}.${attempt}`).sort(),
  );
};

const limitUsage = async (running: Mesh, maxBytes: number): Promise<void> => {
  const bus = await connectNatsBus({
    servers: [running.nats().url],
    name: 'operator',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  const manager = await jetstreamManager(bus.connection, { timeout: 5_000 });
  await manager.streams.update(streams.usage, { max_bytes: maxBytes });
  await bus.close(1_000);
};

const isActive = async ({ healthUrl }: MeshService): Promise<boolean> =>
  (await readMetric(healthUrl, 'weir_ledger_active')) === 1;

describe('a stream of usage events that is full', () => {
  it('refuses requests before a provider is called, and goes on when there is room', async () => {
    const running = await start();
    expect((await ask(running)).status).toBe(200);
    await limitUsage(running, 1);
    const before = await readProviderCalls(running.simulators.map(({ url }) => url));
    expect(await ask(running)).toEqual({ status: 503, code: 'metering_unavailable' });
    expect(await readProviderCalls(running.simulators.map(({ url }) => url))).toHaveLength(before.length);
    await limitUsage(running, -1);
    await waitFor(async () => (await ask(running)).status === 200, { what: 'requests to be served again' });
    await expectBooksToAgree(running);
  });
});

describe('a metering that stops for longer than its lease, and wakes up again', () => {
  it('does not write what the other has written meanwhile', async () => {
    const running = await start();
    const services = running.services.metering;
    const active = await waitFor(
      async () => {
        for (const service of services) if (await isActive(service)) return service;
        return undefined;
      },
      { what: 'one of them to write the ledger' },
    );
    const other = services.find((service) => service !== active);
    if (!other) throw new Error('no other');
    const load = startSteadyLoad({
      baseUrls: () => running.baseUrls,
      concurrency: 8,
      tokens: 5,
      firstTokenMs: 5,
      tokenMs: 1,
      streams: 'half',
    });
    active.kill('SIGSTOP');
    await waitFor(() => isActive(other), { what: 'the other to take over', timeoutMs: 20_000 });
    const since = load.outcomes.length;
    await waitFor(() => load.outcomes.length > since + 50, { what: 'more answers' });
    active.kill('SIGCONT');
    await waitFor(() => load.outcomes.length > since + 150, { what: 'still more answers' });
    const outcomes = await load.stop();
    expect(
      outcomes.filter(({ ended }) => ended !== 'whole'),
      describeOutcomes(outcomes),
    ).toEqual([]);
    await expectBooksToAgree(running);
  });
});
