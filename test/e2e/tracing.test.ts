import { randomBytes } from 'node:crypto';
import { isAttached, waitFor } from '@weir/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { anthropicHeaders, bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { type CollectedSpan, startTraceCollector, type TraceCollector } from './support/trace-collector.ts';

const chat = '/v1/chat/completions';
const chatBody = { model: 'sim-gpt', messages: [{ role: 'user', content: 'secret words' }] };

describe.skipIf(isAttached())('traces', () => {
  let collector: TraceCollector;
  const mesh = useMesh(async () => {
    collector = await startTraceCollector();
    return {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
    };
  });
  afterAll(() => collector.close());

  const newTrace = () => ({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
  });

  const spansOf = (traceId: string, atLeast: number): Promise<readonly CollectedSpan[]> =>
    waitFor(
      () => {
        const spans = collector.spansOf(traceId);
        return spans.length >= atLeast ? spans : undefined;
      },
      { what: `${atLeast} spans of ${traceId}: ${collector.spansOf(traceId).map(({ service }) => service)}` },
    );

  const send = (
    path: string,
    body: object,
    headers: Record<string, string>,
    trace: ReturnType<typeof newTrace>,
  ) =>
    call(mesh().baseUrl + path, {
      headers: { ...headers, traceparent: `00-${trace.traceId}-${trace.spanId}-01` },
      body: JSON.stringify(body),
    });

  /** Services from the root on, one hop after another. */
  const chainOf = (spans: readonly CollectedSpan[], root: string): string[] => {
    const services: string[] = [];
    for (let parent: string | undefined = root; parent !== undefined; ) {
      const children: CollectedSpan[] = spans.filter(({ parentSpanId }) => parentSpanId === parent);
      if (children.length > 1) throw new Error(`${children.length} spans below one of a chain`);
      const [child] = children;
      if (child !== undefined) services.push(child.service);
      parent = child?.spanId;
    }
    return services;
  };

  const hops = ['weir-ingress', 'weir-policy', 'weir-scheduler', 'weir-adapter'];

  it.each([
    { what: 'whole', body: chatBody },
    { what: 'streamed', body: { ...chatBody, stream: true } },
    { what: 'large', body: { ...chatBody, padding: 'x'.repeat(200_000) } },
  ])('a $what answer is one trace through every hop, each below the one before it', async ({ body }) => {
    const trace = newTrace();
    expect((await send(chat, body, bearer(key), trace)).status).toBe(200);
    const spans = await spansOf(trace.traceId, hops.length);
    expect(chainOf(spans, trace.spanId)).toEqual(hops);
    expect(spans.length).toBe(hops.length);
    expect(spans.every(({ isError }) => !isError)).toBe(true);
    expect(JSON.stringify(spans)).not.toContain('secret words');
  });

  it('every attempt of a request is a span of its one trace', async () => {
    const trace = newTrace();
    const headers = { ...bearer(key), 'x-sim-fault': '503' };
    expect((await send(chat, chatBody, headers, trace)).status).toBe(503);
    const spans = await spansOf(trace.traceId, 10);
    const countOf = (service: string) => spans.filter((span) => span.service === service).length;
    // The scheduler decides twice on a failed attempt: to wait, and after that where to.
    expect(hops.map(countOf)).toEqual([1, 1, 5, 3]);
    expect(spans.filter(({ service }) => service === 'weir-adapter').every(({ isError }) => isError)).toBe(
      true,
    );
    const ids = new Set([trace.spanId, ...spans.map(({ spanId }) => spanId)]);
    expect(spans.every(({ parentSpanId }) => ids.has(parentSpanId))).toBe(true);
  });

  it('a refused request has a trace that ends where it was refused, as an error', async () => {
    const trace = newTrace();
    await send(chat, chatBody, bearer('weir-nobody'), trace);
    const spans = await spansOf(trace.traceId, 2);
    expect(chainOf(spans, trace.spanId)).toEqual(['weir-ingress', 'weir-policy']);
    expect(spans.every(({ isError }) => isError)).toBe(true);
  });

  it('a malformed request has a trace too', async () => {
    const trace = newTrace();
    const answer = await call(mesh().baseUrl + chat, {
      headers: { ...bearer(key), traceparent: `00-${trace.traceId}-${trace.spanId}-01` },
      body: '{',
    });
    expect(answer.status).toBe(400);
    const [span] = await spansOf(trace.traceId, 1);
    expect(span).toMatchObject({ service: 'weir-ingress', isError: true });
  });

  it('a client that is not sampled leaves no trace', async () => {
    const [quiet, loud] = [newTrace(), newTrace()];
    await call(mesh().baseUrl + chat, {
      headers: { ...bearer(key), traceparent: `00-${quiet.traceId}-${quiet.spanId}-00` },
      body: JSON.stringify(chatBody),
    });
    await send(
      '/v1/messages',
      { ...chatBody, model: 'sim-claude', max_tokens: 5 },
      anthropicHeaders(key),
      loud,
    );
    await spansOf(loud.traceId, hops.length);
    expect(collector.spansOf(quiet.traceId)).toEqual([]);
  });

  it('the access line names the trace', async () => {
    const trace = newTrace();
    await send(chat, chatBody, bearer(key), trace);
    const [ingress] = mesh().mesh.services.ingress;
    await waitFor(() => ingress?.log().includes(trace.traceId), { what: 'the access line' });
  });
});
