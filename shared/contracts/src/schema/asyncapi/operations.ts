import { queueGroups } from '../../subjects.ts';
import type { JsonObject } from '../to-components.ts';
import type { ChannelName } from './channels.ts';
import type { MessageName } from './messages.ts';

export const documentedServices = [
  'ingress',
  'policy',
  'scheduler',
  'adapter',
  'metering',
  'admin',
  'exporter',
] as const;

type Service = (typeof documentedServices)[number];

interface OperationSpec {
  readonly service: Service;
  readonly action: 'send' | 'receive';
  readonly channel: ChannelName;
  readonly summary: string;
  readonly messages?: readonly MessageName[];
  readonly queue?: string;
  /** What comes back on the inbox that the request names. */
  readonly answer?: readonly MessageName[];
}

const operation = (
  service: Service,
  action: OperationSpec['action'],
  channel: ChannelName,
  summary: string,
  more: Pick<OperationSpec, 'messages' | 'queue' | 'answer'> = {},
): OperationSpec => ({ service, action, channel, summary, ...more });

/** Who says what to whom. */
export const operations: readonly OperationSpec[] = [
  operation('ingress', 'send', 'admit', 'Submits a request.'),
  operation('policy', 'receive', 'admit', 'Decides on a request.', { queue: queueGroups.policy }),
  operation('policy', 'send', 'schedule', 'Passes on what was admitted.'),
  operation('adapter', 'send', 'schedule', 'Hands back an attempt that failed before its first byte.'),
  operation('scheduler', 'receive', 'schedule', 'Chooses a target.', { queue: queueGroups.scheduler }),
  operation('scheduler', 'send', 'run', 'Places an attempt.'),
  operation('adapter', 'receive', 'run', 'Runs an attempt.'),
  operation('policy', 'send', 'reply', 'Refuses a request, or answers it itself.'),
  operation('scheduler', 'send', 'reply', 'Says that a request waits, or cannot be served.'),
  operation('adapter', 'send', 'reply', 'Relays the answer.'),
  operation('ingress', 'receive', 'reply', 'Writes the answer to the client.'),
  operation(
    'ingress',
    'send',
    'control',
    'Says what the client has taken, cancels, or shows that it lives.',
    {
      messages: ['control'],
    },
  ),
  operation('adapter', 'receive', 'control', 'Sends on, or stops.'),
  operation('scheduler', 'receive', 'control', 'Forgets a request that waits.'),
  operation('adapter', 'send', 'body', 'Pulls a body.', { answer: ['bodyChunk', 'noResponders'] }),
  operation('ingress', 'receive', 'body', 'Serves a body that it holds.', { answer: ['bodyChunk'] }),
  operation('adapter', 'send', 'load', 'Reports its load.'),
  operation('scheduler', 'receive', 'load', 'Learns of loads.'),
  operation('scheduler', 'send', 'gossip', 'Tells the other replicas what it has just sent.'),
  operation('scheduler', 'receive', 'gossip', 'Learns what the other replicas have sent.'),
  operation('scheduler', 'send', 'queue', 'Hands on what has to wait.'),
  operation('scheduler', 'receive', 'queue', 'Keeps what has to wait.'),
  operation('adapter', 'send', 'outcomes', 'Tells how attempts at canaries went.'),
  operation('scheduler', 'receive', 'outcomes', 'Judges canaries.'),
  operation('ingress', 'receive', 'hop', 'Learns that no policy, or no adapter, listens.'),
  operation('policy', 'receive', 'hop', 'Learns that no scheduler listens.'),
  operation('scheduler', 'receive', 'hop', 'Learns that an adapter instance is gone.'),
  operation('adapter', 'receive', 'hop', 'Learns that no scheduler listens.'),
  operation('adapter', 'send', 'usage', 'Stores what an attempt uses.', {
    answer: ['publishAck', 'noResponders'],
  }),
  operation('metering', 'receive', 'usage', 'Settles usage.'),
  operation('adapter', 'send', 'holds', 'Says which requests run on, and which are over.'),
  operation('scheduler', 'send', 'holds', 'Gives back what a request held that it refuses.'),
  operation('policy', 'receive', 'holds', 'Keeps holds, or gives them back.', { queue: queueGroups.policy }),
  operation('policy', 'send', 'policyBeat', 'Shows that it lives.'),
  operation('policy', 'receive', 'policyBeat', 'Counts the replicas.'),
  operation('admin', 'send', 'budgets', 'Asks for the state of budgets.', { answer: ['budgetsAnswer'] }),
  operation('policy', 'receive', 'budgets', 'Reads its limit store.', {
    queue: queueGroups.policy,
    answer: ['budgetsAnswer'],
  }),
  operation('admin', 'send', 'targets', 'Asks how targets are seen.', {
    answer: ['targetsAnswer', 'noResponders'],
  }),
  operation('scheduler', 'receive', 'targets', 'Says how it sees targets.', {
    queue: queueGroups.scheduler,
    answer: ['targetsAnswer'],
  }),
  operation('metering', 'send', 'rated', 'Records what an attempt used and costs.'),
  operation('metering', 'send', 'ledgerCommit', 'Ends a unit of records.', {
    answer: ['publishAck', 'noResponders'],
  }),
  operation('policy', 'receive', 'rated', 'Settles holds.'),
  operation('policy', 'receive', 'ledgerCommit', 'Settles holds.'),
  operation('admin', 'receive', 'rated', 'Keeps what is asked for by `weir usage`.'),
  operation('exporter', 'receive', 'rated', 'Delivers to the sinks.'),
  operation('metering', 'send', 'alert', 'Tells that a threshold was reached.', {
    answer: ['publishAck', 'noResponders'],
  }),
  operation('exporter', 'receive', 'alert', 'Delivers to the webhooks that want alerts.'),
  operation('scheduler', 'send', 'traffic', 'Tells that a canary gets another share.', {
    answer: ['publishAck', 'noResponders'],
  }),
  operation('admin', 'send', 'audit', 'Records a change.', { answer: ['publishAck', 'noResponders'] }),
  operation('metering', 'send', 'deadLetter', 'Keeps what it cannot read.'),
  operation('exporter', 'send', 'deadLetter', 'Keeps what a sink refused.'),
];

const messageOf = (channel: ChannelName) => (name: MessageName) => ({
  $ref: `#/channels/${channel}/messages/${name}`,
});

export const operationId = ({ service, action, channel }: OperationSpec): string =>
  `${service}-${action}-${channel}`;

/** An operation as the document has it. The NATS binding has one field: the queue group. */
export const toOperation = (spec: OperationSpec): JsonObject => ({
  action: spec.action,
  channel: { $ref: `#/channels/${spec.channel}` },
  summary: spec.summary,
  tags: [{ name: spec.service }],
  ...(spec.messages ? { messages: spec.messages.map(messageOf(spec.channel)) } : {}),
  ...(spec.queue === undefined ? {} : { bindings: { nats: { queue: spec.queue, bindingVersion: '0.1.0' } } }),
  ...(spec.answer
    ? { reply: { channel: { $ref: '#/channels/inbox' }, messages: spec.answer.map(messageOf('inbox')) } }
    : {}),
});
