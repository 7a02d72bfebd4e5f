import { errorReasons, type WeirError } from '@weir/contracts';
import type { Logger, Metrics } from '@weir/runtime';
import type { Exchange, ExchangeSummary } from './http/exchange.ts';

/** An answer that was made without the mesh. */
export interface Refusal {
  /** Empty when the head of the request could not be read. */
  readonly method: string;
  /** Pattern of the server's own route, never what the client sent. Empty as `method` is. */
  readonly path: string;
  readonly requestId: string;
  readonly error: WeirError;
}

/** Writes the one line of each request, and counts it. */
export interface AccessLog {
  ended(exchange: Exchange): void;
  refused(refusal: Refusal): void;
}

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const traceIdOf = (traceparent: string | undefined): string | undefined => traceparent?.split('-')[1];

const placeOf = ({ candidate, variant }: ExchangeSummary) => ({
  upstream: candidate?.upstream,
  variant,
  attempts: candidate?.attempt,
});

export const createAccessLog = (input: {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly enabled: () => boolean;
}): AccessLog => {
  const { logger, metrics, now, enabled } = input;
  const requests = metrics.counter(
    'weir_http_requests_total',
    'Requests answered, by API, status and error reason.',
    ['api', 'status', 'reason'],
  );
  const durations = metrics.histogram(
    'weir_http_request_duration_seconds',
    'Time from the head of a request to the last byte of its answer.',
    ['api'],
    durationBuckets,
  );
  return {
    ended: ({ meta, summary }) => {
      const gone = summary.status === 0;
      const reason = gone ? 'client_disconnected' : (summary.error?.reason ?? '');
      const status = gone ? errorReasons.client_disconnected.status : summary.status;
      const totalMs = now() - meta.receivedAt;
      requests.inc({ api: meta.api, status, reason });
      durations.observe({ api: meta.api }, totalMs / 1_000);
      if (!enabled()) return;
      logger.info(
        {
          request: meta.id,
          trace: traceIdOf(meta.trace),
          route: meta.route,
          api: meta.api,
          model: meta.model,
          stream: meta.stream,
          status,
          reason: reason === '' ? undefined : reason,
          ...placeOf(summary),
          inputTokens: summary.usage?.inputTokens,
          outputTokens: summary.usage?.outputTokens,
          requestBytes: meta.body.bytes,
          responseBytes: summary.responseBytes,
          firstByteMs: summary.firstByteAt === undefined ? undefined : summary.firstByteAt - meta.receivedAt,
          totalMs,
        },
        'request',
      );
    },
    refused: ({ method, path, requestId, error }) => {
      requests.inc({ api: 'none', status: error.status, reason: error.reason });
      if (error.reason === 'bug') logger.error({ request: requestId, err: error.cause }, 'request failed');
      if (!enabled()) return;
      logger.info(
        { request: requestId, method, path, status: error.status, reason: error.reason },
        'request',
      );
    },
  };
};
