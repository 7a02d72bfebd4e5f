import { counterText, type RatedUsage } from '@weir/contracts';

const period = { startsAt: 1_793_491_200, endsAt: 1_796_083_200 };

export const moneyCounter = counterText({ unit: 'money', scope: 'org:acme', budget: 'monthly', ...period });
export const tokenCounter = counterText({ unit: 'tokens', scope: 'team:acme/web', budget: 'daily', ...period });
export const requestCounter = counterText({
  unit: 'requests',
  scope: 'key:acme/k1',
  budget: 'daily',
  ...period,
});

/** A record of 10 tokens in and 20 out, for 70 nano. */
export const ratedUsage: RatedUsage = {
  requestId: 'request-1',
  attempt: 1,
  run: 'run-1',
  org: 'acme',
  team: 'web',
  key: 'k1',
  route: 'openai-chat',
  api: 'openai.chat',
  upstream: 'gpu',
  target: 't0',
  provider: 'openai-compatible',
  modelRequested: 'small',
  startedAt: 1_795_000_000_000,
  deadline: 1_795_000_060_000,
  stream: true,
  charges: [moneyCounter, tokenCounter, requestCounter],
  revision: 1,
  quality: 'reported',
  outcome: 'completed',
  usage: { inputTotal: 10, outputTotal: 20 },
  totalMs: 5,
  deliveredBytes: 1,
  ratingNumber: 0,
  rating: { status: 'rated', amountNano: '70', chargeNano: '140', currency: 'USD', priceId: 'price-1' },
  delta: { amountNano: '70', chargeNano: '140', inputTokens: 10, outputTokens: 20, requests: 1 },
  source: { sequence: 1, part: 0 },
};
