import {
  bodyChunkLayout,
  bodyRequestLayout,
  controlLayout,
  describeFramePayloads,
  packetLayout,
} from '../binary-layouts.ts';
import { type JsonObject, schemaPath } from '../to-components.ts';

const binary = (name: string, summary: string, layout: readonly object[], more: JsonObject = {}) => ({
  name,
  summary,
  contentType: 'application/octet-stream',
  payload: { type: 'string', format: 'binary' },
  'x-weir-layout': layout,
  ...more,
});

const meta = { $ref: schemaPath('EnvelopeMeta') };

const metaWith = (added: readonly string[]): JsonObject =>
  added.length === 0 ? meta : { allOf: [meta, { type: 'object', required: added }] };

/** `<meta as one line of JSON>\n<raw body>`: no schema language describes it whole, so the extension has the first line. */
const envelope = (name: string, summary: string, added: readonly string[]) => ({
  name,
  summary,
  description:
    'The meta as one line of JSON, a line feed (0x0a), then the raw body; nothing follows when the body stays in the ingress.',
  contentType: 'application/octet-stream',
  payload: { type: 'string', format: 'binary' },
  'x-weir-meta': metaWith(added),
});

const json = (name: string, summary: string, schema: string, contentType = 'application/json') => ({
  name,
  summary,
  contentType,
  payload: { $ref: schemaPath(schema) },
});

const usageHeaders = {
  type: 'object',
  required: ['Nats-Msg-Id'],
  properties: {
    'Nats-Msg-Id': {
      type: 'string',
      description:
        'SHA-256, base64url, of the ids of the events, joined with a space: one batch is stored once.',
    },
  },
};

const ratedHeaders = {
  type: 'object',
  properties: {
    'Nats-Batch-Id': {
      type: 'string',
      description: 'A unit of records and its commit are one atomic batch.',
    },
    'Nats-Batch-Sequence': { type: 'string', description: 'From 1.' },
    'Nats-Batch-Commit': { type: 'string', description: '`1` on the commit.' },
    'Nats-Expected-Last-Sequence': {
      type: 'string',
      description: 'On the first: where the writer left off.',
    },
  },
};

const cloudEvent = (name: string, summary: string, schema: string) =>
  json(name, summary, schema, 'application/cloudevents+json');

const noResponders = {
  name: 'noResponders',
  summary: 'The server says that nobody listened to what was published.',
  description: 'A NATS status message: empty payload, status line `NATS/1.0 503`.',
  payload: { type: 'string', maxLength: 0 },
};

const publishAck = {
  name: 'publishAck',
  summary: "JetStream's answer to a publish. Sequence 0 is no acknowledgement.",
  contentType: 'application/json',
  payload: {
    type: 'object',
    properties: {
      stream: { type: 'string' },
      seq: { type: 'integer', minimum: 0 },
      duplicate: { type: 'boolean' },
      error: { type: 'object' },
    },
  },
};

/** Every message of the mesh, by name. */
export const messages = {
  requestEnvelope: envelope('requestEnvelope', 'A request, as the ingress read it.', []),
  grantedEnvelope: envelope('grantedEnvelope', 'A request with leave to call a provider.', [
    'principal',
    'grant',
  ]),
  attemptEnvelope: envelope('attemptEnvelope', 'One try at one target.', ['principal', 'grant', 'attempt']),
  packet: binary('packet', 'Frames of one stream.', packetLayout, {
    'x-weir-frame-payloads': describeFramePayloads(),
  }),
  control: binary('control', 'Credit, cancel or a sign of life.', controlLayout, {
    'x-weir-decoded': { $ref: schemaPath('ControlMessage') },
  }),
  bodyRequest: binary('bodyRequest', 'Asks for one chunk of a body.', bodyRequestLayout),
  bodyChunk: binary('bodyChunk', 'One chunk of a body.', bodyChunkLayout),
  loadReport: json('loadReport', 'What one adapter instance says of one pool.', 'LoadReport'),
  reservationGossip: json('reservationGossip', 'What one scheduler has just sent.', 'ReservationGossip'),
  outcomeReport: json('outcomeReport', 'How attempts at canaries went.', 'OutcomeReport'),
  usageEvents: {
    ...json('usageEvents', 'A batch of usage events.', 'UsageEvents', 'application/cloudevents-batch+json'),
    headers: usageHeaders,
  },
  holdMessage: json('holdMessage', 'That requests run on, or are over.', 'HoldMessage'),
  ratedEvent: {
    ...cloudEvent('ratedEvent', 'What an attempt used and costs: a record of the ledger.', 'RatedEvent'),
    headers: ratedHeaders,
  },
  ledgerCommit: {
    ...json('ledgerCommit', 'The end of a unit of records.', 'LedgerCommit'),
    headers: ratedHeaders,
  },
  thresholdEvent: cloudEvent('thresholdEvent', 'A budget has reached a threshold.', 'ThresholdEvent'),
  canaryEvent: cloudEvent('canaryEvent', 'A canary gets another share.', 'CanaryEvent'),
  budgetsQuestion: json('budgetsQuestion', 'Asks for what is spent and held.', 'BudgetsQuestion'),
  budgetsAnswer: json('budgetsAnswer', 'What is spent and held.', 'BudgetsAnswer'),
  targetsQuestion: json('targetsQuestion', 'Asks how targets are seen.', 'TargetsQuestion'),
  targetsAnswer: json('targetsAnswer', 'How one scheduler sees targets.', 'TargetsAnswer'),
  beat: {
    name: 'beat',
    summary: 'A sign of life. The subject says all of it.',
    payload: { type: 'string' },
  },
  auditEvent: cloudEvent('auditEvent', 'What was changed, by whom.', 'AuditEvent'),
  deadLetter: {
    name: 'deadLetter',
    summary: 'What could not be taken.',
    description: 'From metering: the bytes as they were. From the exporter: JSON, see services/exporter.',
    payload: { type: 'string', format: 'binary' },
  },
  noResponders,
  publishAck,
} as const satisfies Record<string, JsonObject>;

export type MessageName = keyof typeof messages;
