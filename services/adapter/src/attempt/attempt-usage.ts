import {
  type AttemptFinal,
  type AttemptOutcome,
  type AttemptStarted,
  toFinalEvent,
  toStartedEvent,
} from '@weir/contracts';
import type { CommitResult } from '@weir/messaging';
import type { TapReport } from '../core/response-tap.ts';
import { type SettledUsage, settleUsage } from '../core/settle-usage.ts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';

/** What the attempt knows of itself when it is over. */
export interface AttemptEnding {
  readonly outcome: AttemptOutcome;
  readonly report: TapReport;
  readonly status: number | undefined;
  readonly providerRequestId: string | undefined;
  readonly reason: string | undefined;
  readonly firstByteAt: number | undefined;
  readonly deliveredBytes: number;
}

/** The two usage events of one attempt: the intent before the first byte, the final when it is over. */
export interface AttemptUsage {
  announce(): Promise<CommitResult>;
  settle(ending: AttemptEnding): SettledUsage;
  settlementOf(report: TapReport, status: number | undefined): SettledUsage;
}

export const createAttemptUsage = (
  deps: AttemptDeps,
  { meta, upstream }: AttemptInput,
  tag: number,
  startedAt: number,
): AttemptUsage => {
  const { inputTokens } = meta.features;
  const started: AttemptStarted = {
    requestId: meta.id,
    attempt: meta.attempt.number,
    run: tag.toString(36),
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
    ...(inputTokens === undefined ? {} : { estimatedInput: inputTokens }),
    stream: meta.stream,
  };
  const settlementOf = (report: TapReport, status: number | undefined) =>
    settleUsage({
      report,
      answered: status !== undefined && status < 300,
      estimatedInput: inputTokens,
    });
  const toFinal = (ending: AttemptEnding, settled: SettledUsage): AttemptFinal => ({
    ...started,
    ...settled,
    outcome: ending.outcome,
    ...(ending.report.modelServed === undefined ? {} : { modelServed: ending.report.modelServed }),
    ...(ending.status === undefined ? {} : { status: ending.status }),
    ...(ending.providerRequestId === undefined ? {} : { providerRequestId: ending.providerRequestId }),
    ...(ending.reason === undefined ? {} : { reason: ending.reason }),
    ...(ending.firstByteAt === undefined ? {} : { firstByteMs: ending.firstByteAt - startedAt }),
    totalMs: deps.now() - startedAt,
    deliveredBytes: ending.deliveredBytes,
  });
  return {
    announce: () => deps.usage.publish(toStartedEvent(deps.source, started, meta.trace), true),
    settlementOf,
    settle: (ending) => {
      const settled = settlementOf(ending.report, ending.status);
      const event = toFinalEvent(deps.source, toFinal(ending, settled), meta.trace);
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
