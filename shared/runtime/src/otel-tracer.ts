import {
  DiagLogLevel,
  diag,
  type Context as OtelContext,
  type Span as OtelSpan,
  SpanKind as OtelSpanKind,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { Logger } from './logger.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';
import type { ServiceTracer, Span, SpanKind, Tracer } from './tracing.ts';

const kinds: Readonly<Record<SpanKind, OtelSpanKind>> = {
  server: OtelSpanKind.SERVER,
  client: OtelSpanKind.CLIENT,
  producer: OtelSpanKind.PRODUCER,
  consumer: OtelSpanKind.CONSUMER,
  internal: OtelSpanKind.INTERNAL,
};

const exportTimeoutMs = 5_000;
const maxDiagnosticChars = 500;

const toParentContext = (parent: string | undefined): OtelContext => {
  const parsed = parent === undefined ? undefined : parseTraceparent(parent);
  if (parsed === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, sampled } = parsed;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
};

const toSpan = (span: OtelSpan): Span => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  let ended = false;
  return {
    traceparent: formatTraceparent({ traceId, spanId, sampled }),
    set: (attributes) => {
      if (!ended) span.setAttributes(attributes);
    },
    end: (outcome) => {
      if (ended) return;
      ended = true;
      if (outcome?.error !== undefined) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.error });
      }
      span.end();
    },
  };
};

/** The SDK says nothing about failed exports unless it is given a place to say it. */
const logDiagnostics = (logger: Logger): void => {
  const write = (message: string): void => {
    logger.warn({ detail: message.slice(0, maxDiagnosticChars) }, 'tracing is impaired');
  };
  diag.setLogger(
    { error: write, warn: write, info: () => {}, debug: () => {}, verbose: () => {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
};

/** The sampler, the span limits and the headers of the exporter are read by the SDK from the process's own OTEL_ variables. */
export const createOtelTracer = (input: {
  service: string;
  instance: string;
  tracesUrl: string;
  logger: Logger;
}): ServiceTracer => {
  logDiagnostics(input.logger);
  const sdk = new NodeSDK({
    serviceName: `weir-${input.service}`,
    resource: defaultResource().merge(resourceFromAttributes({ 'service.instance.id': input.instance })),
    resourceDetectors: [envDetector],
    traceExporter: new OTLPTraceExporter({ url: input.tracesUrl, timeoutMillis: exportTimeoutMs }),
    // Given as empty, because by default the SDK would export these too.
    metricReaders: [],
    logRecordProcessors: [],
    textMapPropagator: null,
    instrumentations: [],
  });
  // The SDK registers itself for the whole process. Its provider is taken from there and the place is left
  // free, so that each service of a process has its own.
  trace.disable();
  sdk.start();
  const otelTracer = trace.getTracer('weir');
  trace.disable();

  const tracer: Tracer = {
    enabled: true,
    start: (name, { parent, kind, attributes = {} }) =>
      toSpan(otelTracer.startSpan(name, { kind: kinds[kind], attributes }, toParentContext(parent))),
  };
  return { tracer, close: () => sdk.shutdown() };
};
