/** What one of the Weirs does for each request. */
export interface WeirVariant {
  readonly name: string;
  /** For people, in the notes of the report. */
  readonly does: string;
  /** Measured only when `--only` names it. */
  readonly onlyOnRequest: boolean;
  readonly ledger: boolean;
  readonly redis: boolean;
  /** In how many processes the services that a request passes are, all four in each. 0: each has one of its own. */
  readonly together: number;
  readonly config: (upstreamPort: number, key: KeyEntry) => object;
}

interface KeyEntry {
  readonly id: string;
  readonly sha256: string;
}

const base = (upstreamPort: number): object => ({
  version: 1,
  upstreams: {
    instant: {
      provider: 'openai',
      targets: [`http://127.0.0.1:${upstreamPort}/v1`],
      // The largest step of paced streams is 512.
      connectionPool: { maxConnections: 1_024 },
    },
  },
});

const chatRoute = (rules: object): object => ({
  name: 'openai-chat',
  match: { path: '/v1/chat/completions', methods: ['POST'] },
  api: 'openai.chat',
  ...rules,
});

/** Nobody is refused: what is measured is the checking and the counting. */
const rateLimits = [
  { tokensPerMinute: 100_000_000_000, requestsPerMinute: 100_000_000, concurrency: 100_000 },
];

const budgetsOf = (...units: readonly ('tokens' | 'requests' | 'money')[]): object[] =>
  units.map((unit) => ({
    name: `monthly-${unit}`,
    unit,
    limit: unit === 'money' ? '100000000' : '1000000000000',
    period: 'monthly',
    alertThresholds: [0.5, 0.8, 1],
  }));

const everywhere = { rateLimits, budgets: budgetsOf('tokens', 'requests', 'money') };

const pricing = {
  onMissing: 'deny',
  models: ['instant', 'paced-*'].map((model) => ({
    model,
    inputPerMillion: '2.50',
    cacheReadPerMillion: '1.25',
    outputPerMillion: '10',
  })),
};

/** From nothing to everything. */
const spreadVariants: readonly WeirVariant[] = [
  {
    name: 'weir-open',
    does: 'no keys, no limits, no ledger: usage is stored on the bus and read by nobody',
    onlyOnRequest: false,
    ledger: false,
    redis: false,
    together: 0,
    config: (upstreamPort) => ({
      ...base(upstreamPort),
      routes: [chatRoute({ authentication: 'none' })],
    }),
  },
  {
    name: 'weir',
    does: 'a key to check, the ledger',
    onlyOnRequest: false,
    ledger: true,
    redis: false,
    together: 0,
    config: (upstreamPort, key) => ({ ...base(upstreamPort), tenants: [{ org: 'bench', keys: [key] }] }),
  },
  {
    name: 'weir-limits',
    does:
      'a key to check, with tokens and requests per minute and concurrency; budgets of money at organisation, team and ' +
      'key, and of tokens on the route; all on Redis; prices; the ledger',
    onlyOnRequest: false,
    ledger: true,
    redis: true,
    together: 0,
    config: (upstreamPort, key) => ({
      ...base(upstreamPort),
      pricing,
      routes: [chatRoute({ budgets: budgetsOf('tokens') })],
      tenants: [
        {
          org: 'bench',
          budgets: budgetsOf('money'),
          teams: [
            {
              team: 'crew',
              budgets: budgetsOf('money'),
              keys: [{ ...key, rateLimits, budgets: budgetsOf('money') }],
            },
          ],
        },
      ],
    }),
  },
  {
    name: 'weir-limits-everywhere',
    does:
      'as weir-limits, but with tokens and requests per minute, concurrency, and budgets of tokens, requests and money at ' +
      'organisation, team, key and route alike: 24 counters a request',
    onlyOnRequest: false,
    ledger: true,
    redis: true,
    together: 0,
    config: (upstreamPort, key) => ({
      ...base(upstreamPort),
      pricing,
      routes: [chatRoute(everywhere)],
      tenants: [
        {
          org: 'bench',
          ...everywhere,
          teams: [{ team: 'crew', ...everywhere, keys: [{ ...key, ...everywhere }] }],
        },
      ],
    }),
  },
];

const alwaysMeasured: readonly string[] = [
  'weir-open-all-in-one',
  'weir-all-in-one',
  'weir-limits-all-in-one',
];

const inProcesses = (variant: WeirVariant, together: number): WeirVariant => {
  const name = `${variant.name}-all-in-one${together === 1 ? '' : `-${together}`}`;
  return { ...variant, name, onlyOnRequest: !alwaysMeasured.includes(name), together };
};

/** Each also as one process, and as two that share a port. */
export const weirVariants: readonly WeirVariant[] = spreadVariants.flatMap((variant) => [
  variant,
  inProcesses(variant, 1),
  inProcesses(variant, 2),
]);
