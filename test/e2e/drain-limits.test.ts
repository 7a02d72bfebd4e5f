import { type FinalEvent, subjects, type UsageEvent, usageEventTypes } from '@weir/contracts';
import { connectNatsBus, type NatsBus } from '@weir/messaging';
import { demoKey, isAttached, waitFor } from '@weir/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';
import { type SteppingUpstream, startSteppingUpstream } from './support/stepping-upstream.ts';

const drainMs = 700;

describe.skipIf(isAttached())('answers that are read to their end without a client', () => {
  let upstream: SteppingUpstream;
  let bus: NatsBus;
  const finals: FinalEvent[] = [];

  const mesh = useMesh(async () => {
    upstream = await startSteppingUpstream();
    return {
      env: { WEIR_DISCONNECT_DRAINS: '1', WEIR_DISCONNECT_DRAIN_MS: String(drainMs) },
      config: {
        version: 1,
        upstreams: {
          pool: { provider: 'openai', targets: [upstream.url], models: ['m'], onDisconnect: 'drain' },
        },
        tenants: [{ org: 'e2e', keys: [demoKey.entry] }],
      },
    };
  });

  beforeAll(async () => {
    const servers = [mesh().mesh.nats().url];
    const ignore = () => undefined;
    bus = await connectNatsBus({ name: 'drain-limits', servers, onError: ignore, onClosed: ignore });
    bus.subscribe(subjects.usage, ({ data }) => {
      const batch: UsageEvent[] = JSON.parse(new TextDecoder().decode(data));
      finals.push(...batch.filter((event) => event.type === usageEventTypes.final));
    });
    await bus.flush(2_000);
  });

  afterAll(async () => {
    await bus?.close(1_000);
    await upstream.close();
  });

  const leaveMidStream = async () => {
    const leaving = new AbortController();
    const left = fetch(`${mesh().baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: bearer(demoKey.secret),
      body: JSON.stringify({ model: 'm', stream: true, messages: [], metadata: { moment: 'mid stream' } }),
      signal: leaving.signal,
    }).then((response) => response.arrayBuffer());
    const standing = await upstream.standing();
    leaving.abort();
    await expect(left).rejects.toThrow();
    return { ended: standing.ended, leftAt: performance.now() };
  };

  it('are so many at a time and for so long, and are accounted for either way', async () => {
    const first = await leaveMidStream();
    let firstEnded = false;
    const firstEnds = first.ended.then(() => {
      firstEnded = true;
    });
    const second = await leaveMidStream();
    expect(await second.ended).toBe('left');
    expect(firstEnded).toBe(false);
    await firstEnds;
    expect(performance.now() - first.leftAt).toBeGreaterThan(drainMs - 50);
    const [one, other] = await waitFor(() => (finals.length >= 2 ? finals : undefined), {
      what: 'the accounts',
    });
    for (const final of [one, other]) {
      expect(final?.data).toMatchObject({
        outcome: 'client_cancelled',
        quality: 'estimated',
        usage: { outputTotal: 3 },
      });
    }
    expect(finals.length).toBe(2);
  });
});
