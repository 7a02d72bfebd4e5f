import { decodeEnvelope, type EnvelopeMeta, encodeEnvelope, type UpstreamConfig } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import type { AttemptDeps, LiveUpstream } from '../attempt/attempt-deps.ts';
import { createAttemptTable } from '../attempt/attempt-table.ts';
import { createLoadTracker } from '../core/load-tracker.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import { createRunHandler } from './run-attempt.ts';

const meta: EnvelopeMeta = {
  v: 1,
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  replyTo: 'weir.v1.reply.i.r',
  ingress: 'i',
  deadline: 2_000,
  receivedAt: 1_000,
  route: 'chat',
  api: 'openai.chat',
  method: 'POST',
  path: '/v1/chat/completions',
  model: 'm',
  stream: false,
  submission: 0,
  features: { chars: 4, messages: 1, tools: 0 },
  marks: {},
  body: { where: 'inline', bytes: 2 },
  client: { ip: '::1', headers: {} },
  principal: { org: 'acme', team: '_', key: 'k' },
  grant: { holds: [], expiresAt: 2_000, mac: 'm' },
  attempt: {
    number: 1,
    upstream: 'gpu',
    target: 't0',
    model: 'm',
    remaining: 0,
    alternatives: 1,
    excluded: ['far/t3'],
    scheduler: 's',
    dispatch: 9,
    reservedTokens: 1,
  },
};

/** An adapter at whose only target one attempt is under way, and a request for that target. */
const handle = (change: Partial<UpstreamConfig>, waiting = 0) => {
  const sent: string[] = [];
  const handedBack: EnvelopeMeta[] = [];
  const load = createLoadTracker({ instance: 'a', epoch: 1, capacity: 10 });
  load.take({ pool: 'gpu', target: 't0', tokens: 1, scheduler: 's', dispatch: 8 });
  const table = createAttemptTable();
  const bus = {
    publish: (subject: string, data: Uint8Array) => {
      sent.push(subject);
      const decoded = decodeEnvelope(data);
      if (decoded.outcome !== 'malformed') handedBack.push(decoded.envelope.meta);
    },
  };
  const run = createRunHandler({
    attempt: { instance: 'a', bus, load, now: () => 1_500 } as unknown as AttemptDeps,
    table,
    ingresses: { seen: () => undefined, takeSilent: () => [] },
    signer: { verify: () => true } as never,
    upstreamOf: (name) =>
      ({
        name,
        config: upstreamConfig('http://127.0.0.1:1', change),
        client: { waiting: () => waiting },
      }) as unknown as LiveUpstream,
    isDraining: () => false,
    capacity: 10,
    onBusy: (pool) => sent.push(`report of ${pool}`),
  });
  run({ data: encodeEnvelope(meta, new TextEncoder().encode('{}')) } as never);
  return { sent, handedBack, table, load };
};

describe('a request for a target that has as many as it may have', () => {
  const { sent, handedBack, table, load } = handle({ maxRequestsPerTarget: 1 });

  it('goes back to the schedulers, behind the numbers that they did not have', () => {
    expect(sent).toEqual(['report of gpu', 'weir.v1.schedule']);
    expect(handedBack[0]?.attempt).toMatchObject({
      number: 1,
      lastFailure: 'busy',
      excluded: ['far/t3', 'gpu/t0'],
    });
  });

  it('was never begun, and is waited for no longer', () => {
    expect(table.size).toBe(0);
    expect(load.report('gpu', ['t0'], 'ready')).toMatchObject({
      targets: [{ running: 1, pendingTokens: 1 }],
      watermarks: { s: 9 },
    });
  });
});

it('a request for whose connection no more may wait goes back to the schedulers', () => {
  const connectionPool = { maxConnections: 1, maxPending: 0, idleTimeoutMs: 1_000, pipelining: 1 };
  const { handedBack, table } = handle({ connectionPool });
  expect(handedBack[0]?.attempt).toMatchObject({ lastFailure: 'saturated', excluded: ['far/t3', 'gpu/t0'] });
  expect(table.size).toBe(0);
});

it('and so does one behind as many that nobody waits for any more', () => {
  const connectionPool = { maxConnections: 1, maxPending: 2, idleTimeoutMs: 1_000, pipelining: 1 };
  const { handedBack, table } = handle({ connectionPool }, 3);
  expect(handedBack[0]?.attempt).toMatchObject({ lastFailure: 'saturated' });
  expect(table.size).toBe(0);
});
