import {
  type AttemptFinal,
  type AttemptOutcome,
  type AttemptStarted,
  toFinalEvent,
  toStartedEvent,
  type UsageFrame,
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

/** What the client is told in a header. */
export const toUsageFrame = ({ usage, quality }: SettledUsage): UsageFrame => ({
  quality: quality === 'partial' ? 'estimated' : quality,
  ...(usage.inputTotal === undefined ? {} : { inputTokens: usage.inputTotal }),
  ...(usage.outputTotal === undefined ? {} : { outputTokens: usage.outputTotal }),
});

/** What providers call things is theirs, but an event has to fit into a message. */
const maxNameChars = 256;

const toStarted = ({ meta, upstream }: AttemptInput, tag: number, startedAt: number): AttemptStarted => ({
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
  ...(meta.features.inputTokens === undefined ? {} : { estimatedInput: meta.features.inputTokens }),
  stream: meta.stream,
});

const toFinal = (
  started: AttemptStarted,
  ending: AttemptEnding,
  settled: SettledUsage,
  now: number,
): AttemptFinal => {
  const { modelServed } = ending.report;
  const { providerRequestId, status, reason, firstByteAt } = ending;
  return {
    ...started,
    ...settled,
    outcome: ending.outcome,
    ...(modelServed === undefined ? {} : { modelServed: modelServed.slice(0, maxNameChars) }),
    ...(status === undefined ? {} : { status }),
    ...(providerRequestId === undefined
      ? {}
      : { providerRequestId: providerRequestId.slice(0, maxNameChars) }),
    ...(reason === undefined ? {} : { reason }),
    ...(firstByteAt === undefined ? {} : { firstByteMs: firstByteAt - started.startedAt }),
    totalMs: now - started.startedAt,
    deliveredBytes: ending.deliveredBytes,
  };
};

export const createAttemptUsage = (
  deps: AttemptDeps,
  input: AttemptInput,
  tag: number,
  startedAt: number,
): AttemptUsage => {
  const { meta } = input;
  const started = toStarted(input, tag, startedAt);
  const settlementOf = (report: TapReport, status: number | undefined) =>
    settleUsage({
      report,
      answered: status !== undefined && status < 300,
      estimatedInput: meta.features.inputTokens,
    });
  return {
    announce: () => deps.usage.publish(toStartedEvent(deps.source, started, meta.trace), true),
    settlementOf,
    settle: (ending) => {
      const settled = settlementOf(ending.report, ending.status);
      const final = toFinal(started, ending, settled, deps.now());
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
