import type { OutgoingHttpHeaders } from 'node:http';
import type { EnvelopeMeta, HeadFrame, UsageFrame } from '@weir/contracts';
import type { Candidate } from '@weir/messaging';

/** What the ingress itself says in the head of every answer. */
export const toOwnHeaders = (meta: Pick<EnvelopeMeta, 'id' | 'client'>): OutgoingHttpHeaders => ({
  'x-request-id': meta.id,
  'x-correlation-id': meta.client.headers['x-correlation-id'] ?? meta.id,
});

const streamHeaders: OutgoingHttpHeaders = {
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

const nanoDigits = 9;

/** `123000` nano-units are `0.000123`. */
const toDecimal = (nano: string): string => {
  const digits = nano.padStart(nanoDigits + 1, '0');
  const fraction = digits.slice(-nanoDigits).replace(/0+$/, '');
  return digits.slice(0, -nanoDigits) + (fraction === '' ? '' : `.${fraction}`);
};

/** Headers that only a complete answer can have. */
const toSummaryHeaders = (summary: AnswerSummary): OutgoingHttpHeaders => {
  const { usage, startedAt, now, requestBytes, responseBytes } = summary;
  const input = usage?.inputTokens;
  const output = usage?.outputTokens;
  const known = usage?.quality === 'reported' && (input !== undefined || output !== undefined);
  return {
    'x-process-time': ((now - startedAt) / 1_000).toFixed(3),
    'x-request-size': requestBytes,
    'x-response-size': responseBytes,
    ...(usage?.costNano === undefined ? {} : { 'x-inference-cost': toDecimal(usage.costNano) }),
    // Unknown is not zero: a side that nobody reported is left out of the sum's parts.
    ...(known ? { 'x-token-usage': JSON.stringify({ input: input ?? null, output: output ?? null }) } : {}),
  };
};

export interface AnswerSummary {
  readonly usage: UsageFrame | undefined;
  readonly startedAt: number;
  readonly now: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** Answers of these statuses would be tried again by the official clients, on top of our own attempts. */
const exhausted = (status: number, attempt: number | undefined): boolean =>
  attempt !== undefined && attempt > 1 && (status >= 500 || status === 429);

/** The head as the client sees it: the upstream's, then ours. `summary` is absent on streams. */
export const toResponseHeaders = (input: {
  readonly head: HeadFrame;
  readonly meta: EnvelopeMeta;
  readonly candidate: Candidate | undefined;
  /** Names a session from now on. Undefined: the client is told none. */
  readonly cookie: string | undefined;
  readonly streams: boolean;
  readonly summary: AnswerSummary | undefined;
}): OutgoingHttpHeaders => {
  const { head, meta, candidate, cookie, streams, summary } = input;
  const headers: Record<string, string | number | string[]> = {};
  for (const [name, value] of head.headers) {
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else headers[name] = Array.isArray(before) ? [...before, value] : [String(before), value];
  }
  const upstreamId = headers['x-request-id'];
  if (upstreamId !== undefined && upstreamId !== meta.id) headers['x-upstream-request-id'] = upstreamId;
  return {
    ...headers,
    ...toOwnHeaders(meta),
    ...(candidate ? { 'x-weir-upstream': candidate.upstream, 'x-weir-attempts': candidate.attempt } : {}),
    ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
    ...(exhausted(head.status, candidate?.attempt) ? { 'x-should-retry': 'false' } : {}),
    ...(streams ? streamHeaders : {}),
    ...(summary ? toSummaryHeaders(summary) : {}),
  };
};
