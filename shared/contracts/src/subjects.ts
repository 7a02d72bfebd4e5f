/** Tokens that may stand between two dots of a subject. No user value enters a subject unchecked. */
const tokenPattern = /^[A-Za-z0-9_-]{1,64}$/;

export const isSubjectToken = (value: string): boolean => tokenPattern.test(value);

const token = (value: string): string => {
  if (!tokenPattern.test(value)) {
    throw new TypeError(
      `not a subject token: ${JSON.stringify(value.slice(0, 80))}; use A-Z a-z 0-9 _ - only`,
    );
  }
  return value;
};

/** Every subject of the mesh. Nobody else writes a subject string. */
export const subjects = {
  /** ingress → policy, queue group `policy`. Payload: envelope. */
  admit: 'weir.v1.admit',
  /** policy, adapter → scheduler, queue group `scheduler`. Payload: envelope with grant. */
  schedule: 'weir.v1.schedule',
  /** scheduler → one adapter instance. Payload: envelope with grant and attempt. */
  run: (instance: string): string => `weir.v1.run.${token(instance)}`,
  /** any hop → one ingress. Payload: frame packet. */
  reply: (ingress: string, request: string): string => `weir.v1.reply.${token(ingress)}.${token(request)}`,
  replies: (ingress: string): string => `weir.v1.reply.${token(ingress)}.*`,
  /**
   * ingress → one adapter instance, about one stream (tag 0: about all of them). Payload: control message.
   * Adapters name this subject as the reply of some packets: the server answers there when no ingress listens,
   * and an ingress that does not know the request answers there with a cancel.
   */
  control: (instance: string, tag: number): string => `weir.v1.control.${token(instance)}.${tag}`,
  controls: (instance: string): string => `weir.v1.control.${token(instance)}.*`,
  /** adapter, policy → the ingress that keeps a large body. Request and reply, one chunk each. */
  body: (ingress: string, request: string): string => `weir.v1.body.${token(ingress)}.${token(request)}`,
  bodies: (ingress: string): string => `weir.v1.body.${token(ingress)}.*`,
  /** adapter → schedulers. Payload: load report. */
  load: (pool: string, instance: string): string => `weir.v1.load.${token(pool)}.${token(instance)}`,
  loads: 'weir.v1.load.*.*',
  /** scheduler → schedulers. Payload: reservation gossip. */
  gossip: (scheduler: string): string => `weir.v1.gossip.${token(scheduler)}`,
  gossips: 'weir.v1.gossip.*',
  /** scheduler → the scheduler that keeps the queue of the request's pool. Payload: envelope. */
  queue: (scheduler: string): string => `weir.v1.queue.${token(scheduler)}`,
  /** adapter → schedulers, each second, while there are canaries. Payload: outcome report. */
  outcomes: (instance: string): string => `weir.v1.outcomes.${token(instance)}`,
  allOutcomes: 'weir.v1.outcomes.*',
  /**
   * Reply subject of a hop's own publish: the server answers here with "no responders".
   * `next` is who should have listened; `ingress` and `request` name the reply subject that has to be told.
   */
  hop: (self: string, next: string, ingress: string, request: string): string =>
    `weir.v1.hop.${token(self)}.${token(next)}.${token(ingress)}.${token(request)}`,
  hops: (self: string): string => `weir.v1.hop.${token(self)}.*.*.*`,
  /** adapter, ingress, reaper → stream USAGE. Payload: a batch of CloudEvents. See docs/decisions/0002. */
  usage: 'weir.usage.v1.events',
  usages: 'weir.usage.v1.>',
  /** adapter, scheduler → policy, queue group `policy`. Payload: hold message. */
  holds: 'weir.v1.holds',
  /** admin → policy, queue group `policy`: what is spent and held. Request and reply. */
  budgets: 'weir.v1.budgets',
  /** admin → scheduler, queue group `scheduler`: why targets are chosen or not. Request and reply. */
  targets: 'weir.v1.targets',
  /** policy → policy: "I am here", each second. */
  policyBeat: (instance: string): string => `weir.v1.beat.policy.${token(instance)}`,
  policyBeats: 'weir.v1.beat.policy.*',
  /** metering → stream LEDGER. Payload: one rated event. What billing subscribes to. */
  rated: (org: string, team: string, key: string): string =>
    `weir.billing.v1.${token(org)}.${token(team)}.${token(key)}.rated`,
  allRated: 'weir.billing.v1.>',
  ratedOf: (org: string): string => `weir.billing.v1.${token(org)}.>`,
  /** metering → stream LEDGER. Payload: the commit of a unit of records. */
  ledgerCommit: 'weir.ledger.v1.commit',
  ledgerCommits: 'weir.ledger.v1.>',
  /** metering → stream ALERTS, where each subject takes one message. Payload: threshold event. */
  alert: (input: { org: string; budget: string; period: string; threshold: string }): string =>
    `weir.alert.v1.${token(input.org)}.${token(input.budget)}.${token(input.period)}.${token(input.threshold)}`,
  alerts: 'weir.alert.v1.>',
  /** scheduler → stream TRAFFIC. Payload: canary event. */
  traffic: (route: string): string => `weir.traffic.v1.${token(route)}`,
  allTraffic: 'weir.traffic.v1.*',
  /** admin → stream AUDIT. Payload: audit event. */
  audit: (org: string): string => `weir.audit.v1.${token(org)}`,
  audits: 'weir.audit.v1.>',
  /** any service → stream DLQ. Payload: what could not be read, as it was. */
  deadLetter: (service: string): string => `weir.dlq.v1.${token(service)}`,
  deadLetters: 'weir.dlq.v1.>',
} as const;

/** Queue groups of the subjects that any replica may answer. */
export const queueGroups = { policy: 'policy', scheduler: 'scheduler' } as const;

/** JetStream names. */
export const streams = {
  usage: 'USAGE',
  ledger: 'LEDGER',
  alerts: 'ALERTS',
  traffic: 'TRAFFIC',
  audit: 'AUDIT',
  deadLetters: 'DLQ',
} as const;

/** Key-value buckets. */
export const buckets = {
  /** The configuration. */
  config: 'weir_config',
  /** Organisations, teams and keys that are managed at run time: see `TenantRecord`. */
  keys: 'weir_keys',
  /** Imported price books. */
  prices: 'weir_prices',
  /** Who signs may read it: the grant secret. */
  secrets: 'weir_secrets',
  /** How far the canary of each route has come: see `CanaryState`. */
  traffic: 'weir_traffic',
  /** Which replica does what only one should. */
  leases: 'weir_leases',
  /** Totals as of a ledger sequence, so that nobody reads the log from its start. Disposable. */
  checkpoints: 'weir_checkpoints',
} as const;

/** The last token of a subject: the request id of `reply`, `body` and `hop` subjects. */
export const lastToken = (subject: string): string => subject.slice(subject.lastIndexOf('.') + 1);

/** Who did not answer, and the ingress and request concerned, from a `hop` subject. */
export const partsOfHop = (subject: string): { next: string; ingress: string; request: string } => {
  const parts = subject.split('.');
  return { next: parts[4] ?? '', ingress: parts[5] ?? '', request: parts[6] ?? '' };
};

/** The pool and the instance that a `load` subject names. */
export const partsOfLoad = (subject: string): { pool: string; instance: string } => {
  const parts = subject.split('.');
  return { pool: parts[3] ?? '', instance: parts[4] ?? '' };
};
