import {
  type AttemptFinal,
  type AttemptStarted,
  type CanaryEvent,
  type CanaryState,
  type HoldMessage,
  type LedgerCommit,
  type LoadReport,
  type OutcomeReport,
  type RatedEvent,
  type ReservationGossip,
  type TargetsAnswer,
  type TargetsQuestion,
  type ThresholdEvent,
  thresholdEventType,
  toCanaryEvent,
  toFinalEvent,
  toRatedEvent,
  toStartedEvent,
  type UsageEvent,
} from '@weir/contracts';
import { requestId, trace } from './golden-envelopes.ts';

export const goldenLoadReport: LoadReport = {
  v: 1,
  pool: 'local',
  instance: 'adapter-1',
  epoch: 1_749_999_000_000,
  sequence: 17,
  state: 'ready',
  targets: [
    { target: 'gpu-1', pendingTokens: 0, running: 0, capacity: 64 },
    {
      target: 'gpu-2',
      pendingTokens: 5_120,
      running: 3,
      capacity: 64,
      prefillTokensPerSecond: 8_250.5,
      firstByteMs: 184,
      health: {
        succeeded: 912,
        failed: 7,
        consecutiveFailures: 2,
        lastFailure: 'upstream_reset',
        check: 'unhealthy',
        checkFailure: 'status 503, expected 200',
      },
      engine: { running: 5, waiting: 1, kvUsage: 0.875 },
    },
  ],
  watermarks: { 'scheduler-1': 41, 'scheduler-2': 7 },
};

export const goldenTargetsQuestion: TargetsQuestion = { upstream: 'local' };

export const goldenTargetsAnswer: TargetsAnswer = {
  scheduler: 'scheduler-1',
  targets: [
    {
      upstream: 'local',
      target: 'gpu-2',
      address: 'http://10.0.1.12:8000',
      verdict: 'ejected',
      sentence: 'It is left out for 29.5 s more.',
      penalty: 2,
      load: {
        pendingTokens: 5_120,
        running: 3,
        prefillTokensPerSecond: 8_250.5,
        firstByteMs: 184,
        kvUsage: 0.875,
      },
      adapters: [
        {
          instance: 'adapter-1',
          circuit: 'half-open',
          consecutiveFailures: 5,
          lastFailure: 'connect_failed',
          check: 'unhealthy',
          checkFailure: 'ECONNREFUSED',
        },
        { instance: 'adapter-2', circuit: 'closed' },
      ],
    },
  ],
  complete: true,
};

export const goldenReservationGossip: ReservationGossip = {
  v: 1,
  scheduler: 'scheduler-1',
  reservations: [
    { pool: 'local', instance: 'adapter-1', target: 'gpu-2', dispatch: 42, tokens: 1_024 },
    { pool: 'local', instance: 'adapter-1', target: 'gpu-1', dispatch: 43, tokens: 7 },
  ],
  waiting: { local: 17 },
  leaving: true,
};

export const goldenOutcomeReport: OutcomeReport = {
  v: 1,
  instance: 'adapter-1',
  epoch: 1_749_999_000_000,
  counts: [
    {
      route: 'openai-chat',
      revision: '00c0ffee00c0ffee',
      answers: 240,
      failures: 3,
      firstBytes: 238,
      slow: 12,
    },
  ],
};

export const goldenCanaryState: CanaryState = {
  v: 1,
  route: 'openai-chat',
  revision: '00c0ffee00c0ffee',
  stable: 'local',
  canary: 'local-next',
  phase: 'rolled_back',
  step: 1,
  weight: 0,
  since: 1_750_000_001_500,
  reason: 'error_rate',
  seen: { answers: 52, failures: 31, firstBytes: 24, slow: 1 },
};

export const goldenCanaryEvent: CanaryEvent = toCanaryEvent('/gateways/weir', goldenCanaryState, 17);

const failed: AttemptStarted = {
  requestId,
  attempt: 1,
  run: '1x7',
  org: 'acme',
  team: '_',
  key: 'first',
  route: 'openai-chat',
  api: 'openai.chat',
  upstream: 'local',
  target: 'gpu-1',
  provider: 'openai-compatible',
  modelRequested: 'llama-70b',
  startedAt: 1_750_000_000_123,
  deadline: 1_750_000_060_000,
  stream: true,
};

const { stream, ...intent } = failed;

const started: AttemptStarted = {
  ...intent,
  attempt: 2,
  run: '38mx9q',
  target: 'gpu-2',
  estimatedInput: 12,
  stream,
};

const completed: AttemptFinal = {
  ...started,
  revision: 1,
  quality: 'reported',
  outcome: 'completed',
  usage: {
    inputText: 4,
    cacheRead: 8,
    outputText: 20,
    outputReasoning: 0,
    inputTotal: 12,
    outputTotal: 20,
  },
  modelServed: 'meta/llama-70b',
  status: 200,
  providerRequestId: 'up-1',
  firstByteMs: 87,
  totalMs: 910,
  deliveredBytes: 4_321,
};

const unknown: AttemptFinal = {
  ...failed,
  revision: 0,
  quality: 'unknown',
  outcome: 'provider_error',
  usage: {},
  reason: 'connect_failed',
  totalMs: 12,
  deliveredBytes: 0,
};

const source = '/gateways/weir';

export const goldenUsageEvents: readonly UsageEvent[] = [
  toStartedEvent(source, started, trace),
  toFinalEvent(source, completed, trace),
  toFinalEvent(source, unknown),
];

export const goldenHoldMessage: HoldMessage = {
  v: 1,
  kind: 'extend',
  ids: [requestId, '0198c0de-0000-7000-8000-000000000002'],
};

/** Of requests whose two attempts were handed back, and that got no third. */
export const goldenHoldAccounts: HoldMessage = {
  v: 1,
  kind: 'finish',
  ids: [requestId],
  accounts: 2,
};

const counter = 'm|org:acme|monthly|1748736000|1751328000';

/** The second record of its attempt: the provider's numbers replace an estimate of 16 tokens. */
export const goldenRatedEvent: RatedEvent = toRatedEvent(
  source,
  {
    ...completed,
    priceAs: 'llama-70b',
    charges: [counter],
    ratingNumber: 0,
    rating: {
      status: 'rated',
      amountNano: '17200',
      chargeNano: '17200',
      currency: 'USD',
      priceId: '3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea',
      priceModel: 'llama-*',
      tier: 'base',
      lanesNano: { inputText: '2000', cacheRead: '3200', outputText: '12000', outputReasoning: '0' },
    },
    delta: {
      amountNano: '2400',
      chargeNano: '2400',
      inputTokens: 0,
      outputTokens: 4,
      requests: 0,
      previousRevision: 0,
    },
    source: { sequence: 8812, part: 1 },
  },
  trace,
);

export const goldenLedgerCommit: LedgerCommit = {
  v: 1,
  sourceEpoch: '2025-06-01T00:00:00.000Z',
  from: 8809,
  to: 8812,
  started: 1,
  records: 1,
  duplicates: 1,
  poison: 0,
  lowWater: 8790,
  openIntents: 3,
  hash: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  previousHash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  by: 'metering-1',
  at: 1_750_000_001_500,
};

export const goldenThresholdEvent: ThresholdEvent = {
  specversion: '1.0',
  type: thresholdEventType,
  source,
  id: 'acme.monthly.1748736000.500000000000-800',
  subject: 'acme',
  time: '2025-06-15T15:06:40.123Z',
  datacontenttype: 'application/json',
  partitionkey: 'acme',
  data: {
    org: 'acme',
    scope: 'org:acme',
    budget: 'monthly',
    counter,
    unit: 'money',
    limit: '500000000000',
    thresholdPerMille: 800,
    used: '400000017200',
    periodStart: '2025-06-01T00:00:00.000Z',
    periodEnd: '2025-07-01T00:00:00.000Z',
    ledgerSequence: 9102,
  },
};
