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
import type { GrantSigner, Logger, Span, Tracer } from '@weir/runtime';
import type { AdmissionIndex } from '../core/admission-index.ts';
import { answerModels } from '../core/answer-models.ts';
import { type Admission, decideAdmission } from '../core/decide-admission.ts';
import { type AdmittedRequest, toForwardedMeta } from '../core/forwarded-meta.ts';
import { limitsUnavailable } from '../core/refuse-reservation.ts';
import type { Limiter } from '../limiter.ts';
import type { PolicyMetrics } from '../policy-metrics.ts';

export interface AdmitDependencies {
  readonly bus: Pick<Bus, 'publish'>;
  /** Our own instance. */
  readonly self: string;
  /** Undefined until there are a configuration and tenants. */
  readonly index: () => AdmissionIndex | undefined;
  /** Asked for requests that a limit or a budget applies to. */
  readonly limiter: Limiter;
  readonly signer: Pick<GrantSigner, 'sign'>;
  readonly metrics: Pick<PolicyMetrics, 'countAdmission' | 'observeHop'>;
  readonly tracer: Tracer;
  readonly logger: Pick<Logger, 'error'>;
  readonly now: () => number;
  /** A random tag, not 0, for an answer of our own. */
  readonly drawTag: () => number;
}

export interface Admit {
  readonly take: (message: Pick<BusMessage, 'data'>) => void;
  /** Requests that wait for the limit store. */
  readonly pending: number;
}

const noConfig: WireError = {
  reason: 'no_config',
  message: 'The gateway has no configuration yet. Try again in a moment.',
  retryAfterMs: 1_000,
  resubmit: true,
};

/** More than the limit store can be behind by within its deadline. */
const maxPending = 5_000;

const startSpan = (tracer: Tracer, meta: EnvelopeMeta): Span | undefined =>
  tracer.enabled ? tracer.start('policy admit', { parent: meta.trace, kind: 'consumer' }) : undefined;

type Admitted = Extract<Admission, { outcome: 'admitted' }>;

/** A request on its way through policy. */
interface Passage extends Envelope {
  readonly startedAt: number;
  readonly span: Span | undefined;
}

class Admitter {
  pending = 0;
  #dependencies: AdmitDependencies;

  constructor(dependencies: AdmitDependencies) {
    this.#dependencies = dependencies;
  }

  /** Whatever goes wrong in here, the client hears of it. */
  take(passage: Passage): void {
    try {
      this.#admit(passage);
    } catch (thrown) {
      this.#fail(passage, thrown);
    }
  }

  #admit(passage: Passage): void {
    const { index, now } = this.#dependencies;
    const known = index();
    if (!known) return this.#reject(passage, noConfig);
    const decided = decideAdmission(known, passage.meta, now());
    if (decided.outcome === 'rejected') return this.#reject(passage, decided.error);
    if (passage.meta.api === 'openai.models') return this.#answerModels(passage, decided);
    const { limits } = decided;
    if (!limits) return this.#forward(passage, decided);
    if (this.pending >= maxPending) return this.#reject(passage, limitsUnavailable);
    // The bytes are a view into a buffer that the bus uses again.
    this.#limit({ ...passage, body: passage.body.slice() }, decided, limits).catch((thrown) =>
      this.#fail(passage, thrown),
    );
  }

  async #limit(passage: Passage, decided: Admitted, limits: NonNullable<Admitted['limits']>): Promise<void> {
    const { limiter } = this.#dependencies;
    this.pending += 1;
    try {
      const limited = await limiter({ meta: passage.meta, ...decided, ...limits });
      if (limited.outcome === 'refused') this.#reject(passage, limited.error);
      else this.#forward(passage, { ...decided, ...limited });
    } finally {
      this.pending -= 1;
    }
  }

  #answerModels(passage: Passage, { models }: Admitted): void {
    const { bus, drawTag, metrics } = this.#dependencies;
    const answer = answerModels(passage.meta, models);
    if (answer.outcome === 'not_found') return this.#reject(passage, answer.error);
    bus.publish(passage.meta.replyTo, answerPacket(drawTag(), answer.body));
    metrics.countAdmission('answered');
    this.#end(passage);
  }

  #forward(passage: Passage, admitted: Omit<AdmittedRequest, 'meta' | 'trace'>): void {
    const { bus, self, signer, metrics } = this.#dependencies;
    const { meta, body, span } = passage;
    const forwarded = toForwardedMeta({ ...admitted, meta, trace: span?.traceparent }, signer.sign);
    const hop = subjects.hop(self, 'scheduler', meta.ingress, meta.id);
    bus.publish(subjects.schedule, encodeEnvelope(forwarded, body), hop);
    metrics.countAdmission('admitted');
    this.#end(passage);
  }

  #reject(passage: Passage, error: WireError): void {
    const { bus, metrics } = this.#dependencies;
    bus.publish(passage.meta.replyTo, errorPacket(error));
    metrics.countAdmission('rejected', error.reason);
    this.#end(passage, error);
  }

  #fail(passage: Passage, thrown: unknown): void {
    this.#dependencies.logger.error({ err: thrown, request: passage.meta.id }, 'cannot admit');
    this.#reject(passage, WeirError.from(thrown).wire);
  }

  #end({ span, startedAt }: Passage, error?: WireError): void {
    span?.end({ error: error?.reason });
    this.#dependencies.metrics.observeHop(performance.now() - startedAt);
  }
}

/** Takes requests off the bus, decides on each, and hands it on or answers it. */
export const createAdmit = (dependencies: AdmitDependencies): Admit => {
  const admitter = new Admitter(dependencies);
  return {
    take: ({ data }) => {
      const startedAt = performance.now();
      const decoded = decodeEnvelope(data);
      if (decoded.outcome === 'malformed') return dependencies.metrics.countAdmission('malformed');
      const span = startSpan(dependencies.tracer, decoded.envelope.meta);
      admitter.take({ ...decoded.envelope, startedAt, span });
    },
    get pending() {
      return admitter.pending;
    },
  };
};
