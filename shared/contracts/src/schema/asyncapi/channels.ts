import { streams, subjects } from '../../subjects.ts';
import type { JsonObject } from '../to-components.ts';
import type { MessageName } from './messages.ts';

interface ChannelSpec {
  /** Subject with stand-ins for what varies. Null when a message names it. */
  readonly subject: string | null;
  /** The wildcard that its receivers subscribe to, where it differs. */
  readonly subscription?: string;
  readonly messages: readonly MessageName[];
  readonly description: string;
  readonly extensions?: JsonObject;
}

/** Where a parameter stands. It is a subject token, so the builders of `subjects` take it. */
const slot = (name: string): string => `__${name}__`;

/** Stands for `tag`, which is a number and so has no room for a name. */
const tagSlot = 4_294_967_295;

const toAddress = (subject: string): string =>
  subject.replace(String(tagSlot), slot('tag')).replace(/__([a-z]+)__/g, '{$1}');

export const parameters = {
  scheduler: { description: 'Instance of the scheduler that tells, or that keeps a queue.' },
  ingress: { description: 'Instance of the ingress that owns the client connection.' },
  instance: { description: 'Instance of an adapter, or of a scheduler at which requests wait.' },
  request: { description: 'Request id. `keep-alive` on `hop` when no one request is concerned.' },
  tag: { description: 'The stream, a number; 0 for all of them.' },
  pool: { description: 'Name of an upstream.' },
  self: { description: 'Instance that published.' },
  next: { description: 'Who should have listened: `policy`, `scheduler` or an adapter instance.' },
  org: { description: 'The organisation; `_` for what belongs to none.' },
  team: { description: 'Its team; `_` for none.' },
  key: { description: 'Id of the key; `_` for an anonymous caller.' },
  budget: { description: 'The budget, by a name that is unique in its organisation.' },
  period: { description: 'Start of the period that the alert is about, seconds since the epoch.' },
  threshold: { description: 'The threshold that was reached, and the limit that it is a part of.' },
  service: { description: 'Name of the service that refused it.' },
  route: { description: 'Name of a route.' },
} as const satisfies Record<string, JsonObject>;

const flowControl = {
  creditBytes: 262_144,
  creditFrames: 64,
  pingMs: 5_000,
  silenceMs: 15_000,
  keepAliveMs: 1_000,
};

const jetStream = (stream: string, ...wildcards: readonly string[]): JsonObject => ({
  'x-weir-jetstream': { stream, subjects: wildcards },
});

const ledger = jetStream(streams.ledger, subjects.allRated, subjects.ledgerCommits);

export const channels = {
  admit: {
    subject: subjects.admit,
    messages: ['requestEnvelope'],
    description: 'Requests that need a decision of policy.',
  },
  schedule: {
    subject: subjects.schedule,
    messages: ['grantedEnvelope'],
    description: 'Requests that need a target, also those whose last attempt failed.',
  },
  run: {
    subject: subjects.run(slot('instance')),
    messages: ['attemptEnvelope'],
    description: 'Attempts for one adapter instance.',
  },
  reply: {
    subject: subjects.reply(slot('ingress'), slot('request')),
    subscription: subjects.replies(slot('ingress')),
    messages: ['packet'],
    description: 'The answer to one request. A gap in the sequence of a tag ends the stream with an error.',
    extensions: { 'x-weir-flow-control': flowControl },
  },
  control: {
    subject: subjects.control(slot('instance'), tagSlot),
    subscription: subjects.controls(slot('instance')),
    messages: ['control', 'noResponders'],
    description:
      'About one stream of an adapter. Some packets name this subject as their reply, so that the server answers here when the ingress is gone.',
  },
  body: {
    subject: subjects.body(slot('ingress'), slot('request')),
    subscription: subjects.bodies(slot('ingress')),
    messages: ['bodyRequest'],
    description: 'Bodies too large to travel inline, pulled in chunks.',
  },
  load: {
    subject: subjects.load(slot('pool'), slot('instance')),
    subscription: subjects.loads,
    messages: ['loadReport'],
    description: 'Load of one pool as one adapter instance sees it.',
  },
  gossip: {
    subject: subjects.gossip(slot('scheduler')),
    subscription: subjects.gossips,
    messages: ['reservationGossip'],
    description:
      'Attempts that one scheduler has sent and that no load report shows yet, and what waits at it.',
  },
  queue: {
    subject: subjects.queue(slot('scheduler')),
    messages: ['grantedEnvelope'],
    description: "Requests for a pool that is saturated, to the replica that keeps the pool's queue.",
  },
  outcomes: {
    subject: subjects.outcomes(slot('instance')),
    subscription: subjects.allOutcomes,
    messages: ['outcomeReport'],
    description: 'How attempts at canaries went, as one adapter instance has counted since it started.',
  },
  hop: {
    subject: subjects.hop(slot('self'), slot('next'), slot('ingress'), slot('request')),
    subscription: subjects.hops(slot('self')),
    messages: ['noResponders'],
    description: "The reply subject of a hop's own publish. Only the server publishes here.",
  },
  usage: {
    subject: subjects.usage,
    messages: ['usageEvents'],
    description: 'What attempts used. Private: see docs/events.md.',
    extensions: jetStream(streams.usage, subjects.usages),
  },
  holds: {
    subject: subjects.holds,
    messages: ['holdMessage'],
    description: 'What becomes of requests that hold something. Each message may be lost: holds expire.',
  },
  budgets: {
    subject: subjects.budgets,
    messages: ['budgetsQuestion'],
    description: 'Questions about budgets.',
  },
  targets: {
    subject: subjects.targets,
    messages: ['targetsQuestion'],
    description: 'Questions about targets.',
  },
  policyBeat: {
    subject: subjects.policyBeat(slot('instance')),
    subscription: subjects.policyBeats,
    messages: ['beat'],
    description: 'Each replica of policy, each second: without the limit store they share the limits.',
  },
  rated: {
    subject: subjects.rated(slot('org'), slot('team'), slot('key')),
    subscription: subjects.ratedOf(slot('org')),
    messages: ['ratedEvent'],
    description: 'The subscription for billing: see docs/events.md.',
    extensions: ledger,
  },
  ledgerCommit: {
    subject: subjects.ledgerCommit,
    messages: ['ledgerCommit'],
    description: 'Where metering goes on from, and the proof that nothing is missing.',
    extensions: ledger,
  },
  alert: {
    subject: subjects.alert({
      org: slot('org'),
      budget: slot('budget'),
      period: slot('period'),
      threshold: slot('threshold'),
    }),
    messages: ['thresholdEvent'],
    description: 'Thresholds of budgets. A subject takes one message, so each alert is sent once.',
    extensions: jetStream(streams.alerts, subjects.alerts),
  },
  traffic: {
    subject: subjects.traffic(slot('route')),
    messages: ['canaryEvent'],
    description: 'Changes of the share that the canary of a route gets.',
    extensions: jetStream(streams.traffic, subjects.allTraffic),
  },
  audit: {
    subject: subjects.audit(slot('org')),
    messages: ['auditEvent'],
    description: 'Changes of organisations, teams, keys and price books.',
    extensions: jetStream(streams.audit, subjects.audits),
  },
  deadLetter: {
    subject: subjects.deadLetter(slot('service')),
    messages: ['deadLetter'],
    description: 'What could not be read or delivered.',
    extensions: jetStream(streams.deadLetters, subjects.deadLetters),
  },
  inbox: {
    subject: null,
    messages: ['bodyChunk', 'budgetsAnswer', 'targetsAnswer', 'publishAck', 'noResponders'],
    description: 'The inbox that a request names as its reply subject.',
  },
} as const satisfies Record<string, ChannelSpec>;

export type ChannelName = keyof typeof channels;

const parametersOf = (address: string): JsonObject =>
  Object.fromEntries(
    [...address.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => [
      name,
      { $ref: `#/components/parameters/${name}` },
    ]),
  );

/** A channel as the document has it. */
export const toChannel = (spec: ChannelSpec): JsonObject => {
  const address = spec.subject === null ? null : toAddress(spec.subject);
  const byName = spec.messages.map((name) => [name, { $ref: `#/components/messages/${name}` }]);
  return {
    address,
    description: spec.description,
    ...(address?.includes('{') ? { parameters: parametersOf(address) } : {}),
    messages: Object.fromEntries(byName),
    ...(spec.subscription === undefined ? {} : { 'x-weir-subscription': toAddress(spec.subscription) }),
    ...spec.extensions,
  };
};
