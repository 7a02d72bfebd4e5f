import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseTraceparent } from './traceparent.ts';
import { createTracer, passThroughTracer, tracesUrlOf } from './tracing.ts';

interface ReceivedSpan {
  readonly service: string;
  readonly instance: string;
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status?: { code?: number; message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
}

type KeyValues = { key: string; value: Record<string, unknown> }[];
interface Export {
  resourceSpans: {
    resource: { attributes: KeyValues };
    scopeSpans: { spans: (Omit<ReceivedSpan, 'attributes'> & { attributes: KeyValues })[] }[];
  }[];
}

const toRecord = (pairs: KeyValues): Record<string, unknown> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));

const toReceivedSpans = ({ resourceSpans }: Export): ReceivedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const about = toRecord(resource.attributes);
    const service = String(about['service.name']);
    const instance = String(about['service.instance.id']);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({ ...span, service, instance, attributes: toRecord(span.attributes) })),
    );
  });

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const logger = pino({ level: 'silent' });

describe('tracing that is on', () => {
  const received: ReceivedSpan[] = [];
  const paths: (string | undefined)[] = [];
  let collector: Server;
  let endpoint = '';

  beforeAll(async () => {
    collector = createServer(async (request, response) => {
      paths.push(request.url);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      received.push(...toReceivedSpans(JSON.parse(Buffer.concat(chunks).toString()) as Export));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => {
      collector.listen(0, '127.0.0.1', () => resolve());
    });
    endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    collector.close();
    collector.closeAllConnections();
  });
  beforeEach(() => {
    received.length = 0;
    paths.length = 0;
  });

  const create = (service: string) =>
    createTracer({
      service,
      instance: `${service}-1`,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/` },
      logger,
    });
  const find = (name: string): ReceivedSpan => {
    const span = received.find((candidate) => candidate.name === name);
    if (span === undefined) throw new Error(`no span ${name} arrived`);
    return span;
  };

  it('makes one trace of the spans of two services, each under its own name', async () => {
    const [ingress, adapter] = await Promise.all([create('ingress'), create('adapter')]);
    const outer = ingress.tracer.start('request', { kind: 'server' });
    const inner = adapter.tracer.start('attempt', { kind: 'client', parent: outer.traceparent });
    inner.end();
    outer.end();
    await Promise.all([ingress.close(), adapter.close()]);

    expect(paths).toEqual(['/v1/traces', '/v1/traces']);
    expect(find('request')).toMatchObject({ service: 'weir-ingress', instance: 'ingress-1', kind: 2 });
    expect(find('attempt')).toMatchObject({
      service: 'weir-adapter',
      instance: 'adapter-1',
      kind: 3,
      traceId: find('request').traceId,
      parentSpanId: find('request').spanId,
    });
    expect(find('request').parentSpanId ?? '').toBe('');
    expect(parseTraceparent(outer.traceparent ?? '')).toEqual({
      traceId: find('request').traceId,
      spanId: find('request').spanId,
      sampled: true,
    });
  });

  it('continues the trace of a client', async () => {
    const { tracer, close } = await create('ingress');
    tracer.start('request', { kind: 'server', parent: `00-${traceId}-${spanId}-01` }).end();
    await close();
    expect(find('request')).toMatchObject({ traceId, parentSpanId: spanId });
  });

  it('begins a new trace when the parent is malformed', async () => {
    const { tracer, close } = await create('ingress');
    tracer.start('request', { kind: 'server', parent: `00-${'0'.repeat(32)}-${spanId}-01` }).end();
    await close();
    expect(find('request').traceId).not.toBe('0'.repeat(32));
    expect(find('request').parentSpanId ?? '').toBe('');
  });

  it('honours a client that does not want to be sampled, and hands that on', async () => {
    const { tracer, close } = await create('ingress');
    const span = tracer.start('request', { kind: 'server', parent: `00-${traceId}-${spanId}-00` });
    span.end();
    await close();
    expect(received).toEqual([]);
    expect(parseTraceparent(span.traceparent ?? '')).toMatchObject({ traceId, sampled: false });
  });

  it('records attributes and the error of the first end only', async () => {
    const { tracer, close } = await create('adapter');
    const span = tracer.start('attempt', { kind: 'client', attributes: { 'gen_ai.system': 'openai' } });
    span.set({ 'gen_ai.usage.output_tokens': 7 });
    span.end({ error: 'upstream timeout' });
    span.set({ late: true });
    span.end();
    await close();
    expect(received).toHaveLength(1);
    expect(find('attempt').status).toEqual({ code: 2, message: 'upstream timeout' });
    expect(find('attempt').attributes).toEqual({
      'gen_ai.system': 'openai',
      'gen_ai.usage.output_tokens': 7,
    });
  });

  it('leaves no tracer behind for the rest of the process', async () => {
    const { close } = await create('ingress');
    expect(trace.getTracer('other').startSpan('other').isRecording()).toBe(false);
    await close();
  });
});

describe('tracing that is off', () => {
  it('hands a valid parent on', () => {
    const parent = `00-${traceId}-${spanId}-01`;
    expect(passThroughTracer.enabled).toBe(false);
    expect(passThroughTracer.start('request', { kind: 'server', parent }).traceparent).toBe(parent);
  });

  it('hands on nothing when there is no parent or a malformed one', () => {
    expect(passThroughTracer.start('request', { kind: 'server' }).traceparent).toBeUndefined();
    expect(
      passThroughTracer.start('request', { kind: 'server', parent: '00-1-2-3' }).traceparent,
    ).toBeUndefined();
  });

  it('is what a service gets without an endpoint', async () => {
    const { tracer } = await createTracer({ service: 'ingress', instance: 'ingress-1', env: {}, logger });
    expect(tracer).toBe(passThroughTracer);
  });
});

describe('the address for traces', () => {
  const general = 'http://collector:4318/';
  const forTraces = 'http://traces:4318/custom';
  it.each([
    ['none', {}, undefined],
    [
      'the general one with the path of the signal',
      { OTEL_EXPORTER_OTLP_ENDPOINT: general },
      'http://collector:4318/v1/traces',
    ],
    [
      'the one for traces as it is',
      { OTEL_EXPORTER_OTLP_ENDPOINT: general, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: forTraces },
      forTraces,
    ],
    [
      'none when the SDK is disabled',
      { OTEL_EXPORTER_OTLP_ENDPOINT: general, OTEL_SDK_DISABLED: 'true' },
      undefined,
    ],
    [
      'none when no exporter is wanted',
      { OTEL_EXPORTER_OTLP_ENDPOINT: general, OTEL_TRACES_EXPORTER: 'none' },
      undefined,
    ],
    ['none when it is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, undefined],
  ])('is %s', (_case, env, url) => {
    expect(tracesUrlOf(env)).toBe(url);
  });
});
