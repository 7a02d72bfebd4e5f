import type { AttemptFinal, AttemptStarted } from './usage.ts';

/** CloudEvents 1.0 in structured mode. `id` is deterministic: any emitter makes the same one for the same fact. */
export interface CloudEvent<Type extends string, Data> {
  readonly specversion: '1.0';
  readonly type: Type;
  /** The installation, not the process: consumers deduplicate on source and id. */
  readonly source: string;
  readonly id: string;
  /** The org that is billed. */
  readonly subject: string;
  /** Start of the attempt, RFC 3339 in UTC. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly partitionkey: string;
  readonly traceparent?: string;
  readonly data: Data;
}

export const usageEventTypes = {
  started: 'io.weir.usage.started.v1',
  final: 'io.weir.usage.v1',
} as const;

export type StartedEvent = CloudEvent<typeof usageEventTypes.started, AttemptStarted>;
export type FinalEvent = CloudEvent<typeof usageEventTypes.final, AttemptFinal>;
export type UsageEvent = StartedEvent | FinalEvent;

const envelopeOf = (source: string, data: AttemptStarted, traceparent: string | undefined) => ({
  specversion: '1.0' as const,
  source,
  subject: data.org,
  time: new Date(data.startedAt).toISOString(),
  datacontenttype: 'application/json' as const,
  partitionkey: data.org,
  ...(traceparent === undefined ? {} : { traceparent }),
});

/** Id of an attempt's run: request, attempt number, run. */
const runId = (data: AttemptStarted): string => `${data.requestId}.${data.attempt}.${data.run}`;

export const toStartedEvent = (source: string, data: AttemptStarted, traceparent?: string): StartedEvent => ({
  ...envelopeOf(source, data, traceparent),
  type: usageEventTypes.started,
  id: `${runId(data)}:s`,
  data,
});

export const toFinalEvent = (source: string, data: AttemptFinal, traceparent?: string): FinalEvent => ({
  ...envelopeOf(source, data, traceparent),
  type: usageEventTypes.final,
  id: `${runId(data)}:u${data.revision}`,
  data,
});
