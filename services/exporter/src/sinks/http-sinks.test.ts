import { createHmac } from 'node:crypto';
import { type ExportConfig, parseConfig } from '@weir/contracts';
import type { LogPosition, LogPositions } from '@weir/messaging';
import { afterEach, describe, expect, test } from 'vitest';
import type { Part } from '../core/part.ts';
import { outgoing, ratedEvent } from '../testdata/rated-events.ts';
import { type StandIn, type StandInAnswer, type StandInCall, startStandIn } from '../testdata/stand-in.ts';
import { openSink } from './open-sink.ts';
import type { Sink } from './sink.ts';
import { webhookKey } from './webhook.ts';

const epoch = '2026-11-20T00:00:00Z';
const at = (sequence: number): LogPosition => ({ epoch, sequence });
const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const env = { TOKEN: 'tok-1', SECRET: whsec };
const now = () => 1_795_000_000_500;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** As a file would have it, with the defaults. */
const configOf = (more: object): ExportConfig => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { local: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] } },
    exports: [{ name: 'one', ...more }],
  });
  const config = parsed.outcome === 'valid' ? parsed.config.exports[0] : undefined;
  if (config === undefined) throw new Error(JSON.stringify(parsed));
  return config;
};

const memoryPositions = (): LogPositions & { stored: LogPosition | undefined } => ({
  stored: undefined,
  async read() {
    return this.stored;
  },
  async advance(from, to) {
    if (from?.sequence !== this.stored?.sequence) return 'moved';
    this.stored = to;
    return 'advanced';
  },
});

const open = async (
  answer: (call: StandInCall) => StandInAnswer,
  more: object,
): Promise<{ sink: Sink; standIn: StandIn; positions: ReturnType<typeof memoryPositions> }> => {
  const standIn = await startStandIn(answer);
  const positions = memoryPositions();
  const sink = await openSink(configOf({ url: standIn.url, timeoutMs: 300, ...more }), {
    env,
    now,
    positions,
  });
  closers.push(() => sink.close(), standIn.close);
  return { sink, standIn, positions };
};

const part = (...sequences: number[]): Part => ({
  events: sequences.map((sequence) => outgoing(sequence)),
  through: (sequences.at(-1) ?? 0) + 1,
});

const deliver = (sink: Sink, whole: Part, from?: number) =>
  sink.deliver(whole, from === undefined ? undefined : at(from), at(whole.through));

interface MeterEvent {
  readonly id?: string;
  readonly source?: string;
  readonly specversion?: string;
  readonly type?: string;
  readonly subject?: string;
  readonly datacontenttype?: string;
  readonly data: { readonly delta: { readonly chargeNano: string } };
}

/** As OpenMeter documents its ingestion: required attributes, and one event for each source and id. */
const createMeter = () => {
  const events = new Map<string, MeterEvent>();
  const isEvent = (event: MeterEvent): boolean =>
    event.specversion === '1.0' &&
    [event.id, event.source, event.type, event.subject].every(
      (text) => typeof text === 'string' && text !== '',
    ) &&
    (event.datacontenttype ?? 'application/json') === 'application/json';
  const ingest = ({ path, headers, body }: StandInCall): StandInAnswer => {
    if (path !== '/api/v1/events') return { status: 404 };
    if (headers.authorization !== 'Bearer tok-1') return { status: 401 };
    if (headers['content-type'] !== 'application/cloudevents-batch+json') return { status: 415 };
    const batch = JSON.parse(body) as MeterEvent[];
    if (!batch.every(isEvent)) return { status: 400, body: '{"title":"Bad Request"}' };
    for (const event of batch) events.set(`${event.source} ${event.id}`, event);
    return { status: 204 };
  };
  return { events, ingest };
};

describe('openmeter', () => {
  const config = { kind: 'openmeter', token: { fromEnv: 'TOKEN' } };

  test('takes the records as they are, and those that come twice once', async () => {
    const meter = createMeter();
    const { sink, standIn, positions } = await open(meter.ingest, config);
    expect(await deliver(sink, part(1, 3))).toEqual({ outcome: 'delivered' });
    expect(await sink.position()).toEqual(at(4));
    expect(standIn.calls[0]?.body).toBe(`[${outgoing(1).text},${outgoing(3).text}]`);
    // The position was lost, or never written.
    positions.stored = undefined;
    await deliver(sink, part(1, 3, 5));
    expect(meter.events.size).toBe(3);
  });

  test('that is down, slow or closed to us leaves the position where it was', async () => {
    let answer: StandInAnswer = { status: 503, headers: { 'retry-after': '7' } };
    const { sink, positions } = await open(() => answer, config);
    expect(await deliver(sink, part(1))).toMatchObject({ outcome: 'failed', retryAfterMs: 7_000 });
    answer = { status: 401 };
    expect(await deliver(sink, part(1))).toMatchObject({ outcome: 'failed', problem: 'answered 401' });
    answer = 'hang';
    expect(await deliver(sink, part(1))).toMatchObject({
      outcome: 'failed',
      problem: expect.stringContaining('time'),
    });
    expect(positions.stored).toBeUndefined();
  });

  test('that has been fed by another replica meanwhile is looked at again', async () => {
    const { sink, positions } = await open(() => ({ status: 204 }), config);
    positions.stored = at(9);
    expect(await deliver(sink, part(1))).toEqual({ outcome: 'moved' });
    expect(positions.stored).toEqual(at(9));
  });

  test('without events is not called', async () => {
    const { sink, standIn, positions } = await open(() => ({ status: 500 }), config);
    expect(await deliver(sink, { events: [], through: 8 })).toEqual({ outcome: 'delivered' });
    expect(positions.stored).toEqual(at(8));
    expect(standIn.calls).toEqual([]);
  });
});

interface LagoBody {
  readonly events: readonly { transaction_id: string; external_subscription_id: string; code: string }[];
}

/** As Lago's batch endpoint: at most 100, all or nothing, and 422 with positions when it has some already. */
const createLago = (refusedCode?: string) => {
  const stored = new Map<string, LagoBody['events'][number]>();
  const ingest = ({ path, headers, body }: StandInCall): StandInAnswer => {
    if (path !== '/api/v1/events/batch' || headers.authorization !== 'Bearer tok-1') return { status: 401 };
    const { events } = JSON.parse(body) as LagoBody;
    if (events.length > 100) return { status: 422, body: '{"error_details":{"events":["too_many_events"]}}' };
    const details: Record<number, object> = {};
    events.forEach((event, position) => {
      const key = `${event.external_subscription_id} ${event.transaction_id}`;
      if (stored.has(key)) details[position] = { transaction_id: ['value_already_exist'] };
      if (event.code === refusedCode) details[position] = { code: ['metric_not_found'] };
    });
    if (Object.keys(details).length > 0) {
      return {
        status: 422,
        body: JSON.stringify({ status: 422, code: 'validation_errors', error_details: details }),
      };
    }
    for (const event of events)
      stored.set(`${event.external_subscription_id} ${event.transaction_id}`, event);
    return { status: 200, body: JSON.stringify({ events }) };
  };
  return { stored, ingest };
};

describe('lago', () => {
  const config = {
    kind: 'lago',
    apiKey: { fromEnv: 'TOKEN' },
    metrics: [
      { of: 'inputTokens', code: 'in' },
      { of: 'outputTokens', code: 'out' },
      { of: 'charge', code: 'charge' },
    ],
  };
  const many = part(...Array.from({ length: 60 }, (_none, index) => index + 1));

  test('gets one event for each metric, at most a hundred in one call', async () => {
    const lago = createLago();
    const { sink, standIn } = await open(lago.ingest, config);
    expect(await deliver(sink, many)).toEqual({ outcome: 'delivered' });
    expect(lago.stored.size).toBe(180);
    expect(standIn.calls).toHaveLength(2);
  });

  test('that has some already gets the others: what it has is a success', async () => {
    const lago = createLago();
    const { sink, positions } = await open(lago.ingest, config);
    await deliver(sink, part(2, 5, 50));
    positions.stored = undefined;
    expect(await deliver(sink, many)).toEqual({ outcome: 'delivered' });
    expect(lago.stored.size).toBe(180);
    positions.stored = undefined;
    expect(await deliver(sink, many)).toEqual({ outcome: 'delivered' });
  });

  test('that knows no such metric refuses, with its reason', async () => {
    const { sink } = await open(createLago('charge').ingest, config);
    expect(await deliver(sink, part(1))).toMatchObject({
      outcome: 'refused',
      problem: expect.stringContaining('metric_not_found'),
    });
  });

  test('is not called for records that change nothing', async () => {
    const { delta } = ratedEvent(1).data;
    const nothing = {
      ...delta,
      inputTokens: 0,
      outputTokens: 0,
      requests: 0,
      chargeNano: '0',
      amountNano: '0',
    };
    const { sink, standIn } = await open(() => ({ status: 500 }), config);
    const event = outgoing(1, ratedEvent(1, { delta: nothing }));
    expect(await deliver(sink, { events: [event], through: 2 })).toEqual({ outcome: 'delivered' });
    expect(standIn.calls).toEqual([]);
  });
});

/** As a receiver does it that knows nothing but the specification. */
const isSigned = ({ headers, body }: StandInCall): boolean => {
  const key = Buffer.from(whsec.slice('whsec_'.length), 'base64');
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const signature = createHmac('sha256', key).update(content).digest('base64');
  return headers['webhook-signature'] === `v1,${signature}`;
};

describe('webhook', () => {
  const config = { kind: 'webhook', secret: { fromEnv: 'SECRET' } };

  test('posts an event as it is, signed, with the time of the try', async () => {
    const { sink, standIn } = await open((call) => ({ status: isSigned(call) ? 204 : 401 }), config);
    expect(await deliver(sink, part(1))).toEqual({ outcome: 'delivered' });
    expect(standIn.calls[0]).toMatchObject({
      body: outgoing(1).text,
      headers: { 'content-type': 'application/cloudevents+json', 'webhook-timestamp': '1795000000' },
    });
  });

  test('has the same id at each try, without dots, and another for another event', async () => {
    let tries = 0;
    const { sink, standIn } = await open(() => {
      tries += 1;
      return tries === 1 ? { status: 500 } : tries === 2 ? 'hang' : { status: 200 };
    }, config);
    expect(await deliver(sink, part(1))).toMatchObject({ outcome: 'failed' });
    expect(await deliver(sink, part(1))).toMatchObject({ outcome: 'failed' });
    expect(await deliver(sink, part(1))).toEqual({ outcome: 'delivered' });
    await deliver(sink, part(3), 2);
    const ids = standIn.calls.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(ids[3]).not.toBe(ids[0]);
    expect(ids.every((id) => /^[\w-]+$/.test(String(id)))).toBe(true);
  });

  test('posts several as a list, where the configuration wants several', async () => {
    const { sink, standIn } = await open((call) => ({ status: isSigned(call) ? 200 : 401 }), {
      ...config,
      batchSize: 10,
    });
    await deliver(sink, part(1, 2));
    expect(standIn.calls[0]?.headers['content-type']).toBe('application/cloudevents-batch+json');
    expect(JSON.parse(standIn.calls[0]?.body ?? '')).toHaveLength(2);
  });

  test('follows no redirect', async () => {
    const { sink, standIn } = await open(
      () => ({ status: 307, headers: { location: '/elsewhere' } }),
      config,
    );
    expect(await deliver(sink, part(1))).toMatchObject({ outcome: 'failed' });
    expect(standIn.calls).toHaveLength(1);
  });
});

describe('a secret', () => {
  test.each(['', 'whsec_', 'c2VjcmV0', `whsec_${Buffer.alloc(23).toString('base64')}`, 'whsec_not base64!'])(
    'of a webhook is not %j',
    (secret) => {
      expect(webhookKey(secret)).toBeUndefined();
    },
  );

  test('that is not where the configuration says is named, and not its value', async () => {
    const config = configOf({ kind: 'webhook', url: 'http://127.0.0.1:1', secret: { fromEnv: 'NOT_SET' } });
    const options = { env, now, positions: memoryPositions() };
    await expect(openSink(config, options)).rejects.toThrow('the environment variable NOT_SET is not set');
    const short = configOf({ kind: 'webhook', url: 'http://127.0.0.1:1', secret: { fromEnv: 'TOKEN' } });
    await expect(openSink(short, options)).rejects.toThrow(/^(?!.*tok-1).*24 to 64 bytes/);
  });
});
