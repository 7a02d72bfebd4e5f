import type { Attempt, EnvelopeMeta, Grant, Principal } from '@weir/contracts';

export const requestId = '0198c0de-0000-7000-8000-000000000001';
export const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const body = '{"model":"llama-70b",\n "messages":[{"role":"user","content":"grüß dich 🌊"}],"stream":true}';

const request = {
  v: 1,
  id: requestId,
  replyTo: `weir.v1.reply.ingress-1.${requestId}`,
  ingress: 'ingress-1',
  deadline: 1_750_000_060_000,
  receivedAt: 1_750_000_000_000,
  route: 'openai-chat',
  api: 'openai.chat',
  method: 'POST',
  path: '/v1/chat/completions',
  model: 'llama-70b',
  stream: true,
  submission: 0,
  features: {
    inputTokens: 12,
    estimatedBy: 'chars',
    outputCap: 256,
    chars: 31,
    messages: 1,
    tools: 0,
    prefixes: ['hlGkTCGIPGA'],
  },
  marks: { open: 1, model: [9, 20] },
  body: { where: 'inline', bytes: 95 },
  client: {
    ip: '203.0.113.7',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    keySha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    sessions: { 'cookie:sid': 'n4bQgYhMfWWaL-qgxVrQFQ' },
  },
} as const satisfies EnvelopeMeta;

export const principal: Principal = { org: 'acme', team: '_', key: 'first', tier: 'gold' };

export const grant: Grant = {
  holds: [{ id: 'h-1', amount: '268' }],
  expiresAt: 1_750_000_060_000,
  mac: 'Zm9vYmFyLWJhel9xdXg',
};

/** A budget of the route is used up: only its fallback upstreams may serve the request. */
export const fallbackGrant: Grant = {
  holds: [{ id: 'h-2', amount: '0' }],
  held: true,
  fallback: 'budget-exhausted',
  expiresAt: 1_750_000_060_000,
  mac: 'Zm9vYmFyLWJhel9xdXg',
};

const attempt: Attempt = {
  number: 2,
  upstream: 'local',
  target: 'gpu-2',
  model: 'meta/llama-70b',
  remaining: 1,
  alternatives: 3,
  excluded: ['local/gpu-1'],
  lastFailure: 'connect_failed',
  scheduler: 'scheduler-1',
  dispatch: 41,
  reservedTokens: 12,
};

/** The second of two attempts at a target that was called and failed. */
const retried: Attempt = {
  ...attempt,
  lastFailure: 'first_byte_timeout',
  past: { accounts: 1, called: true },
};

const fallbackAttempt: Attempt = {
  number: 1,
  upstream: 'spare',
  target: 'gpu-9',
  model: 'llama-7b',
  remaining: 2,
  alternatives: 0,
  excluded: [],
  scheduler: 'scheduler-1',
  dispatch: 42,
  reservedTokens: 12,
  fallback: { reason: 'budget-exhausted', from: 'local', since: 1 },
};

const largeBody: EnvelopeMeta = {
  ...request,
  stream: false,
  submission: 1,
  marks: {
    ...request.marks,
    streamOptions: [700_001, 700_025],
    streamOptionsOpen: 700_002,
    includeUsage: [700_019, 700_024],
  },
  body: { where: 'ingress', bytes: 700_026, subject: `weir.v1.body.ingress-1.${requestId}` },
  client: { ip: '2001:db8::7', headers: {} },
};

interface GoldenEnvelope {
  readonly file: string;
  readonly meta: EnvelopeMeta;
  readonly body: string;
}

export const goldenEnvelopes: readonly GoldenEnvelope[] = [
  { file: 'envelope-request.txt', meta: { ...request, trace }, body },
  { file: 'envelope-granted.txt', meta: { ...request, principal, grant, priority: 2, trace }, body },
  { file: 'envelope-attempt.txt', meta: { ...request, principal, grant, priority: 2, attempt, trace }, body },
  { file: 'envelope-retried.txt', meta: { ...request, principal, grant, attempt: retried }, body },
  { file: 'envelope-large-body.txt', meta: largeBody, body: '' },
  {
    file: 'envelope-fallback-grant.txt',
    meta: { ...request, principal, grant: fallbackGrant, attempt: fallbackAttempt, trace },
    body,
  },
];
