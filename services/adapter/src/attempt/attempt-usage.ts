import {
  type AttemptFinal,
  type AttemptOutcome,
  type AttemptStarted,
  type Rating,
  toFinalEvent,
  toStartedEvent,
  type UsageFrame,
  usesTokens,
} from '@weir/contracts';
import type { CommitResult } from '@weir/messaging';
import type { TapReport } from '../core/response-tap.ts';
import { type SettledUsage, type Settlement, settleUsage } from '../core/settle-usage.ts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';

/** What the attempt knows of itself when it is over. */
export interface AttemptEnding {
  readonly outcome: AttemptOutcome;
  readonly report: TapReport;
  readonly status: number | undefined;
  /** The request has gone out to the upstream. */
  readonly called: boolean;
  readonly providerRequestId: string | undefined;
  readonly reason: string | undefined;
  readonly handedBack: boolean;
  readonly firstByteAt: number | undefined;
  readonly deliveredBytes: number;
}

const isSuccess = (status: number | undefined): boolean => status !== undefined && status < 300;

/** A provider goes on with what its caller leaves, and bills for it, whether or not it had answered by then. */
const wasServed = ({ status, called, outcome }: AttemptEnding): boolean =>
  status === undefined ? called && outcome === 'client_cancelled' : isSuccess(status);

/** The two usage events of one attempt: the intent before the first byte, the final when it is over. */
export interface AttemptUsage {
  announce(): Promise<CommitResult>;
  settle(ending: AttemptEnding): SettledUsage;
  /** What the client is told of the usage. */
  frame(report: TapReport, status: number | undefined): UsageFrame;
}

const toUsageFrame = ({ usage, quality }: SettledUsage, rating: Rating | undefined): UsageFrame => ({
  quality: quality === 'partial' ? 'estimated' : quality,
  ...(usage.inputTotal === undefined ? {} : { inputTokens: usage.inputTotal }),
  ...(usage.outputTotal === undefined ? {} : { outputTokens: usage.outputTotal }),
  ...(rating?.status === 'rated' ? { costNano: rating.chargeNano, currency: rating.currency } : {}),
});

/** What providers call things is theirs, but an event has to fit into a message. */
const maxNameChars = 256;
const maxTierChars = 64;

const estimateOf = ({ api, features }: AttemptInput['meta']): Pick<AttemptStarted, 'estimatedInput'> =>
  features.inputTokens === undefined || !usesTokens(api) ? {} : { estimatedInput: features.inputTokens };

/** The cap of the request is for each of its answers, that of its budget for all together. */
const outputCapOf = ({ features, grant }: AttemptInput['meta']): number | undefined => {
  const { outputCap, choices = 1 } = features;
  const own = outputCap === undefined ? undefined : outputCap * choices;
  return grant.outputCap === undefined ? own : Math.min(grant.outputCap, own ?? grant.outputCap);
};

const toStarted = (
  adapter: string,
  { meta, upstream }: AttemptInput,
  run: string,
  startedAt: number,
): AttemptStarted => ({
  requestId: meta.id,
  attempt: meta.attempt.number,
  run,
  org: meta.principal.org,
  team: meta.principal.team,
  key: meta.principal.key,
  route: meta.route,
  api: meta.api,
  upstream: upstream.name,
  target: meta.attempt.target,
  provider: upstream.config.provider,
  modelRequested: meta.model,
  startedAt,
  deadline: meta.deadline,
  ...estimateOf(meta),
  stream: meta.stream,
  adapter,
  ...(upstream.config.priceAs === undefined ? {} : { priceAs: upstream.config.priceAs }),
  ...(meta.grant.holds.length === 0 ? {} : { charges: meta.grant.holds.map(({ id }) => id) }),
});

/** What the provider says that it served; else what it was asked for, where that is not the client's own word. */
const servedOf = (
  { modelServed, serviceTier }: TapReport,
  { model, attempt }: AttemptInput['meta'],
): Pick<AttemptFinal, 'modelServed' | 'serviceTier'> => {
  const served = modelServed ?? (attempt.model === model ? undefined : attempt.model);
  return {
    ...(served === undefined ? {} : { modelServed: served.slice(0, maxNameChars) }),
    ...(serviceTier === undefined ? {} : { serviceTier: serviceTier.slice(0, maxTierChars) }),
  };
};

const toFinal = (
  started: AttemptStarted,
  ending: AttemptEnding,
  settled: SettledUsage,
  { meta }: AttemptInput,
  now: number,
): AttemptFinal => {
  const { providerRequestId, status, reason, firstByteAt } = ending;
  return {
    ...started,
    ...settled,
    outcome: ending.outcome,
    ...servedOf(ending.report, meta),
    ...(status === undefined ? {} : { status }),
    ...(providerRequestId === undefined
      ? {}
      : { providerRequestId: providerRequestId.slice(0, maxNameChars) }),
    ...(reason === undefined ? {} : { reason }),
    ...(firstByteAt === undefined ? {} : { firstByteMs: firstByteAt - started.startedAt }),
    totalMs: now - started.startedAt,
    deliveredBytes: ending.deliveredBytes,
    ...(ending.handedBack ? { handedBack: true } : {}),
  };
};

export const createAttemptUsage = (
  deps: AttemptDeps,
  input: AttemptInput,
  run: string,
  startedAt: number,
): AttemptUsage => {
  const { meta } = input;
  const started = toStarted(deps.instance, input, run, startedAt);
  const settlementOf = (report: TapReport, served: boolean): Settlement =>
    settleUsage({
      report,
      served,
      estimatedInput: meta.features.inputTokens,
      outputCap: outputCapOf(meta),
      usesTokens: usesTokens(meta.api),
    });
  return {
    announce: () => deps.usage.publish(toStartedEvent(deps.source, started, meta.trace), true),
    frame: (report, status) => {
      const { anomalies: _told, ...settled } = settlementOf(report, isSuccess(status));
      // It becomes a header, and the head of a stream is out by now. An estimate is no price to be told.
      const isTold = !meta.stream && settled.quality === 'reported';
      const rated = { ...started, ...settled, ...servedOf(report, meta), outcome: 'completed' } as const;
      return toUsageFrame(settled, isTold ? deps.rate(rated) : undefined);
    },
    settle: (ending) => {
      const { anomalies, ...settled } = settlementOf(ending.report, wasServed(ending));
      for (const side of anomalies) deps.metrics.contradicted(input.upstream.name, side);
      if (anomalies.length > 0) {
        const { usage } = ending.report;
        deps.logger.warn(
          { request: meta.id, upstream: input.upstream.name, usage },
          'usage contradicts itself',
        );
      }
      const final = toFinal(started, ending, settled, input, deps.now());
      const event = toFinalEvent(deps.source, final, meta.trace);
      deps.usage
        .publish(event, false)
        .then((result) => {
          if (result.outcome === 'refused') deps.logger.error({ event, why: result.why }, 'usage event lost');
        })
        .catch((error) => deps.logger.error({ err: error, event }, 'usage event lost'));
      return settled;
    },
  };
};
