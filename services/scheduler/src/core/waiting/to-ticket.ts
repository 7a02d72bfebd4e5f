import type { EnvelopeMeta } from '@weir/contracts';
import { givenUpAt } from '../attempt-time.ts';
import { inputTokensOf } from '../input-tokens.ts';
import { priorities, type Ticket, usualPriority } from './ticket.ts';

/** Meta line and bookkeeping of a request, beside its body. */
const overheadBytes = 4_096;
/** What an answer is taken for when the request sets no cap, and at most: caps are set far above what is used. */
const usualOutputTokens = 256;
const mostOutputTokens = 1_024;
/** A token that is generated keeps a worker busy for about twice as long as one that is read. */
const outputWeight = 2;

const priorityOf = ({ priority }: EnvelopeMeta): number =>
  Math.min(priorities - 1, Math.max(0, Math.trunc(priority ?? usualPriority)));

/** Callers without a key share no more than their address. */
const tenantOf = ({ principal, client }: EnvelopeMeta): string =>
  principal && principal.key !== '_' ? principal.org : `ip ${client.ip}`;

const costOf = (meta: EnvelopeMeta): number => {
  const cap = meta.grant?.outputCap ?? meta.features.outputCap ?? usualOutputTokens;
  return Math.max(1, inputTokensOf(meta) + outputWeight * Math.min(cap, mostOutputTokens));
};

/** What the queue has to know of a request. */
export const toTicket = <Payload>(input: {
  readonly meta: EnvelopeMeta;
  readonly bodyBytes: number;
  readonly timeoutMs: number;
  readonly now: number;
  readonly payload: Payload;
}): Ticket<Payload> => {
  const { meta, bodyBytes, timeoutMs, now, payload } = input;
  // A request that comes back from a failed attempt did not wait meanwhile.
  const since = meta.attempt === undefined ? Math.min(meta.receivedAt, now) : now;
  return {
    id: meta.id,
    tenant: tenantOf(meta),
    priority: priorityOf(meta),
    arrivedAt: meta.receivedAt,
    since,
    timeoutAt: since + timeoutMs,
    deadline: givenUpAt(meta),
    bytes: bodyBytes + overheadBytes,
    tokens: costOf(meta),
    payload,
  };
};
