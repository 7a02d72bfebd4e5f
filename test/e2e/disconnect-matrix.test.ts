import { type FinalEvent, subjects, type UsageEvent, usageEventTypes } from '@weir/contracts';
import { connectNatsBus, type NatsBus } from '@weir/messaging';
import { demoKey, isAttached, waitFor } from '@weir/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anthropicHeaders, bearer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';
import {
  counted,
  moments,
  type SteppingUpstream,
  startSteppingUpstream,
} from './support/stepping-upstream.ts';

const apis = {
  openai: { path: '/v1/chat/completions', headers: bearer(demoKey.secret) },
  anthropic: { path: '/v1/messages', headers: anthropicHeaders(demoKey.secret) },
} as const;

const cases = (['openai', 'anthropic'] as const).flatMap((provider) =>
  [true, false].flatMap((stream) =>
    moments.flatMap((moment) =>
      (['drain', 'abort'] as const).map((onDisconnect) => ({ provider, stream, moment, onDisconnect })),
    ),
  ),
);

type Case = (typeof cases)[number];

/** What a cut answer is known to have used: what the provider said before, else our estimate. */
const expectedOf = ({ provider, stream, moment, onDisconnect }: Case) => {
  const reported = { inputTotal: counted.input, outputTotal: counted.output };
  if (onDisconnect === 'drain') return { quality: 'reported', revision: 1, usage: reported };
  const seen = !stream || moment === 'before headers' || moment === 'before first token' ? 0 : undefined;
  const outputTotal = seen ?? (moment === 'mid stream' ? counted.output / 2 : counted.output);
  const usage = outputTotal === 0 ? {} : { outputTotal };
  // Anthropic gives the input at once.
  if (provider === 'anthropic' && outputTotal > 0) {
    return { quality: 'partial', revision: 0, usage: { ...usage, inputTotal: counted.input } };
  }
  return { quality: 'estimated', revision: 0, usage };
};

describe.skipIf(isAttached())('a client that leaves', () => {
  let upstream: SteppingUpstream;
  let bus: NatsBus;
  const finals: FinalEvent[] = [];

  const mesh = useMesh(async () => {
    upstream = await startSteppingUpstream();
    const pools = cases.map(({ provider, onDisconnect }) => [
      `${provider}-${onDisconnect}`,
      { provider, targets: [upstream.url], models: [`${provider}-${onDisconnect}`], onDisconnect },
    ]);
    return {
      config: {
        version: 1,
        upstreams: Object.fromEntries(pools),
        tenants: [{ org: 'e2e', keys: [demoKey.entry] }],
      },
    };
  });

  beforeAll(async () => {
    bus = await connectNatsBus({
      name: 'disconnect-matrix',
      servers: [mesh().mesh.nats().url],
      onError: () => undefined,
      onClosed: () => undefined,
    });
    bus.subscribe(subjects.usage, ({ data }) => {
      const batch: UsageEvent[] = JSON.parse(new TextDecoder().decode(data));
      finals.push(...batch.filter((event) => event.type === usageEventTypes.final));
    });
    await bus.flush(2_000);
  });

  afterAll(async () => {
    await bus.close(1_000);
    await upstream.close();
  });

  const finalsOf = (model: string): FinalEvent[] =>
    finals.filter(({ data }) => data.modelRequested === model);

  const drains = async (): Promise<number> => {
    const [adapter] = mesh().mesh.services.adapter;
    const text = await (await fetch(`${adapter?.healthUrl}/metrics`)).text();
    return Number(/^weir_adapter_drains(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1]);
  };

  const send = (provider: Case['provider'], body: object, signal?: AbortSignal): Promise<Response> => {
    const { path, headers } = apis[provider];
    const text = JSON.stringify({ max_tokens: 50, messages: [{ role: 'user', content: 'Go on' }], ...body });
    return fetch(mesh().baseUrl + path, {
      method: 'POST',
      headers,
      body: text,
      ...(signal === undefined ? {} : { signal }),
    });
  };

  it.each(cases)('from $provider, stream: $stream, $moment, $onDisconnect: one account', async (row) => {
    const { provider, stream, moment, onDisconnect } = row;
    const model = `${provider}-${onDisconnect}`;
    const before = finalsOf(model).length;
    const leaving = new AbortController();
    const left = send(provider, { model, stream, metadata: { moment } }, leaving.signal).then((response) =>
      response.arrayBuffer(),
    );
    const standing = await upstream.standing();
    leaving.abort();
    await expect(left).rejects.toThrow();
    if (onDisconnect === 'drain') {
      await waitFor(async () => (await drains()) === 1 || undefined, { what: 'the drain to begin' });
      standing.goOn();
    }
    expect(await standing.ended).toBe(onDisconnect === 'drain' ? 'read' : 'left');
    // The final of what comes after would come after a second one too.
    await (await send(provider, { model, stream })).arrayBuffer();
    const [final, next, ...more] = await waitFor(
      () => (finalsOf(model).length >= before + 2 ? finalsOf(model).slice(before) : undefined),
      { what: 'the accounts' },
    );
    expect(more).toEqual([]);
    expect(next?.data.outcome).toBe('completed');
    expect(final?.data).toMatchObject({ outcome: 'client_cancelled', attempt: 1, ...expectedOf(row) });
    expect(final?.data).not.toHaveProperty('handedBack');
    expect(final?.data.usage.inputTotal).toBeGreaterThan(0);
    expect(await drains()).toBe(0);
  });
});
