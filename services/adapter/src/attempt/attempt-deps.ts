import type { EnvelopeMeta, HeaderRulesConfig, UpstreamConfig } from '@weir/contracts';
import type { Bus, HoldNotices, UsagePublisher } from '@weir/messaging';
import type { Logger, Tracer } from '@weir/runtime';
import type { DrainLimit } from '../core/drain-limit.ts';
import type { LoadTracker } from '../core/load-tracker.ts';
import type { OutcomeCounter } from '../core/outcome-counter.ts';
import type { TargetOutcomes } from '../core/target-outcomes.ts';
import type { TargetPaces } from '../core/target-paces.ts';
import type { LivePrices } from '../live-prices.ts';
import type { Provider } from '../providers/provider.ts';
import type { HttpClient } from '../upstream/http-client.ts';
import type { TlsOptions } from '../upstream/read-tls.ts';
import type { AttemptMetrics } from './attempt-metrics.ts';

/** An upstream ready to be called. */
export interface LiveUpstream {
  readonly name: string;
  readonly config: UpstreamConfig;
  readonly provider: Provider;
  readonly client: HttpClient;
  /** Undefined: as the system has it. */
  readonly tls?: TlsOptions | undefined;
  readonly credential: string | undefined;
  /** Header rules by route name. */
  readonly rulesOf: (route: string) => HeaderRulesConfig | undefined;
}

/** What attempts share. */
export interface AttemptDeps {
  /** Instance of this adapter. */
  readonly instance: string;
  /** Source of usage events: the installation. */
  readonly source: string;
  readonly bus: Bus;
  /** The second connection, for large bodies. */
  readonly bulk: Bus;
  readonly usage: UsagePublisher;
  /** Undefined while there are no prices. */
  readonly rate: LivePrices['rate'];
  readonly load: LoadTracker;
  readonly targetOutcomes: TargetOutcomes;
  readonly paces: Pick<TargetPaces, 'take'>;
  /** Absent: nobody judges canaries. */
  readonly outcomes?: Pick<OutcomeCounter, 'begin'>;
  readonly holds: HoldNotices;
  readonly drains: DrainLimit;
  /** How long an answer is read that nobody waits for. */
  readonly drainLimitMs: number;
  readonly metrics: AttemptMetrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly now: () => number;
  readonly newTag: () => number;
  readonly intentTimeoutMs: number;
  /** Runs accounts of cancelled attempts, when there is time. */
  readonly later: (work: () => void) => void;
}

/** Everything that one attempt is about. */
export interface AttemptInput {
  readonly meta: EnvelopeMeta & Required<Pick<EnvelopeMeta, 'principal' | 'grant' | 'attempt'>>;
  /** The inline body, copied. */
  readonly body: Uint8Array;
  readonly upstream: LiveUpstream;
}
