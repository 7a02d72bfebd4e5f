import type { Logger } from './logger.ts';
import type { Env } from './settings.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal';
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** W3C traceparent of the caller. One that is malformed is ignored. */
  readonly parent?: string | undefined;
  readonly kind: SpanKind;
  readonly attributes?: SpanAttributes;
}

export interface Span {
  /** What the next hop takes as its parent. Undefined when tracing is off and nobody sent a trace. */
  readonly traceparent: string | undefined;
  set(attributes: SpanAttributes): void;
  /** The first call counts. `error` is a few words, never a prompt or a credential. */
  end(outcome?: { readonly error?: string | undefined }): void;
}

export interface Tracer {
  readonly enabled: boolean;
  start(name: string, options: SpanOptions): Span;
}

export interface ServiceTracer {
  readonly tracer: Tracer;
  /** Sends what is left. The caller sets the deadline. */
  readonly close: () => Promise<void>;
}

const ignore = (): void => {};
const untraced: Span = { traceparent: undefined, set: ignore, end: ignore };

/** Records nothing, but hands a caller's trace on, so that it reaches the provider and the usage events. */
export const passThroughTracer: Tracer = {
  enabled: false,
  start: (_name, { parent }) => {
    const parsed = parent === undefined ? undefined : parseTraceparent(parent);
    if (parsed === undefined) return untraced;
    return { traceparent: formatTraceparent(parsed), set: ignore, end: ignore };
  },
};

/** The OTLP address for traces, or undefined when tracing is off. */
export const tracesUrlOf = (env: Env): string | undefined => {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return undefined;
  if (env['OTEL_TRACES_EXPORTER']?.trim() === 'none') return undefined;
  // The address for traces is taken as it is, the general one gets the signal's path:
  // https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
  const forTraces = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']?.trim();
  if (forTraces) return forTraces;
  const general = env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim();
  return general ? `${general.replace(/\/+$/, '')}/v1/traces` : undefined;
};

export const createTracer = async (input: {
  service: string;
  instance: string;
  env: Env;
  logger: Logger;
}): Promise<ServiceTracer> => {
  const tracesUrl = tracesUrlOf(input.env);
  if (tracesUrl === undefined) return { tracer: passThroughTracer, close: () => Promise.resolve() };
  // Loading the SDK takes hundreds of milliseconds, which nobody should pay who does not trace.
  const { createOtelTracer } = await import('./otel-tracer.ts');
  return createOtelTracer({ ...input, tracesUrl });
};
