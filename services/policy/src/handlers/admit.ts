import {
  answerPacket,
  decodeEnvelope,
  type Envelope,
  type EnvelopeMeta,
  encodeEnvelope,
  errorPacket,
  subjects,
  WeirError,
  type WireError,
} from '@weir/contracts';
import type { Bus, BusMessage } from '@weir/messaging';
import { listModels } from '@weir/routing';
import type { GrantSigner, Logger, Span, Tracer } from '@weir/runtime';
import type { AdmissionIndex } from '../core/admission-index.ts';
import { answerModels } from '../core/answer-models.ts';
import { decideAdmission } from '../core/decide-admission.ts';
import { toForwardedMeta } from '../core/forwarded-meta.ts';
import type { PolicyMetrics } from '../policy-metrics.ts';

export interface AdmitDependencies {
  readonly bus: Pick<Bus, 'publish'>;
  /** Our own instance. */
  readonly self: string;
  /** Undefined until there is a configuration. */
  readonly index: () => AdmissionIndex | undefined;
  readonly signer: Pick<GrantSigner, 'sign'>;
  readonly metrics: PolicyMetrics;
  readonly tracer: Tracer;
  readonly logger: Pick<Logger, 'error'>;
  readonly now: () => number;
  /** A random tag, not 0, for an answer of our own. */
  readonly drawTag: () => number;
}

type Admit = (message: Pick<BusMessage, 'data'>) => void;

const noConfig: WireError = {
  reason: 'no_config',
  message: 'The gateway has no configuration yet. Try again in a moment.',
  retryAfterMs: 1_000,
  resubmit: true,
};

const startSpan = (tracer: Tracer, meta: EnvelopeMeta): Span | undefined =>
  tracer.enabled ? tracer.start('policy admit', { parent: meta.trace, kind: 'consumer' }) : undefined;

/** `weir.v1.admit`: lets a request in and hands it to the scheduler, or answers it. */
export const createAdmit = (dependencies: AdmitDependencies): Admit => {
  const { bus, self, index, signer, metrics, tracer, logger, now, drawTag } = dependencies;

  const rejectWith = (meta: EnvelopeMeta, error: WireError): WireError => {
    bus.publish(meta.replyTo, errorPacket(error));
    metrics.countAdmission('rejected', error.reason);
    return error;
  };

  /** Returns the error that the client is given, if any. */
  const admit = ({ meta, body }: Envelope, span: Span | undefined): WireError | undefined => {
    const known = index();
    if (!known) return rejectWith(meta, noConfig);
    const decided = decideAdmission(known, meta, now());
    if (decided.outcome === 'rejected') return rejectWith(meta, decided.error);
    if (meta.api === 'openai.models') {
      const answer = answerModels(meta, listModels(known.config, decided.models));
      if (answer.outcome === 'not_found') return rejectWith(meta, answer.error);
      bus.publish(meta.replyTo, answerPacket(drawTag(), answer.body));
      metrics.countAdmission('answered');
      return undefined;
    }
    const forwarded = toForwardedMeta({ meta, ...decided, trace: span?.traceparent }, signer.sign);
    const hop = subjects.hop(self, 'scheduler', meta.ingress, meta.id);
    bus.publish(subjects.schedule, encodeEnvelope(forwarded, body), hop);
    metrics.countAdmission('admitted');
    return undefined;
  };

  /** Whatever goes wrong in here, the client hears of it. */
  const admitOrFail = (envelope: Envelope, span: Span | undefined): WireError | undefined => {
    try {
      return admit(envelope, span);
    } catch (thrown) {
      logger.error({ err: thrown, request: envelope.meta.id }, 'cannot admit');
      return rejectWith(envelope.meta, WeirError.from(thrown).wire);
    }
  };

  return ({ data }) => {
    const startedAt = performance.now();
    const decoded = decodeEnvelope(data);
    if (decoded.outcome === 'malformed') {
      metrics.countAdmission('malformed');
      return;
    }
    const span = startSpan(tracer, decoded.envelope.meta);
    const error = admitOrFail(decoded.envelope, span);
    span?.end({ error: error?.reason });
    metrics.observeHop(performance.now() - startedAt);
  };
};
