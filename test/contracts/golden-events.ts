import {
  type AttemptFinal,
  type AttemptStarted,
  type LoadReport,
  toFinalEvent,
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
    { target: 'gpu-2', pendingTokens: 5_120, running: 3, capacity: 64, prefillTokensPerSecond: 8_250.5 },
  ],
  watermarks: { 'scheduler-1': 41, 'scheduler-2': 7 },
};

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
