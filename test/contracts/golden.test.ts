import {
  decodeControl,
  decodeEnvelope,
  decodeHoldMessage,
  decodePacket,
  encodeControl,
  encodeEnvelope,
  encodeHoldMessage,
  encodePacket,
  type Frame,
  frameKinds,
  grantText,
  readJsonFrame,
} from '@weir/contracts';
import {
  canaryEventSchema,
  canaryStateSchema,
  controlMessageSchema,
  envelopeMetaSchema,
  framePayloads,
  holdMessageSchema,
  ledgerCommitSchema,
  loadReportSchema,
  outcomeReportSchema,
  ratedEventSchema,
  reservationGossipSchema,
  targetsAnswerSchema,
  targetsQuestionSchema,
  thresholdEventSchema,
  usageEventsSchema,
} from '@weir/contracts/schema';
import { describe, expect, test } from 'vitest';
import { fallbackGrant, goldenEnvelopes, grant, principal } from './golden-envelopes.ts';
import {
  goldenCanaryEvent,
  goldenCanaryState,
  goldenHoldAccounts,
  goldenHoldMessage,
  goldenLedgerCommit,
  goldenLoadReport,
  goldenOutcomeReport,
  goldenRatedEvent,
  goldenReservationGossip,
  goldenTargetsAnswer,
  goldenTargetsQuestion,
  goldenThresholdEvent,
  goldenUsageEvents,
} from './golden-events.ts';
import { goldenControls, goldenPackets } from './golden-replies.ts';
import { goldenFiles, readGolden } from './testdata.ts';

const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Message files that are not lists above; `body-chunks.test.ts` reads those of bodies. */
const others = [
  'grant-text.txt',
  'grant-text-fallback.txt',
  'hold-message.json',
  'hold-message-accounts.json',
];
const bodyFiles = ['body-request.hex', 'body-chunk.hex', 'body-unknown.hex'];

const goldenDocuments = [
  { file: 'load-report.json', schema: loadReportSchema, value: goldenLoadReport },
  { file: 'reservation-gossip.json', schema: reservationGossipSchema, value: goldenReservationGossip },
  { file: 'targets-question.json', schema: targetsQuestionSchema, value: goldenTargetsQuestion },
  { file: 'targets-answer.json', schema: targetsAnswerSchema, value: goldenTargetsAnswer },
  { file: 'outcome-report.json', schema: outcomeReportSchema, value: goldenOutcomeReport },
  { file: 'canary-state.json', schema: canaryStateSchema, value: goldenCanaryState },
  { file: 'canary-event.json', schema: canaryEventSchema, value: goldenCanaryEvent },
  { file: 'usage-events.json', schema: usageEventsSchema, value: goldenUsageEvents },
  { file: 'rated-event.json', schema: ratedEventSchema, value: goldenRatedEvent },
  { file: 'ledger-commit.json', schema: ledgerCommitSchema, value: goldenLedgerCommit },
  { file: 'threshold-event.json', schema: thresholdEventSchema, value: goldenThresholdEvent },
];

test('every golden message has a value here', () => {
  const lists = [goldenEnvelopes, goldenPackets, goldenControls, goldenDocuments].flatMap((list) =>
    list.map(({ file }) => file),
  );
  expect(goldenFiles().sort()).toEqual([...lists, ...others, ...bodyFiles].sort());
});

describe.each(goldenEnvelopes)('$file', ({ file, meta, body }) => {
  const golden = readGolden(file);

  test('decodes to the value', () => {
    const decoded = decodeEnvelope(golden);
    if (decoded.outcome !== 'decoded') throw new Error(decoded.problem);
    expect(decoded.envelope.meta).toEqual(meta);
    expect(text(decoded.envelope.body)).toBe(body);
  });

  test('encodes from what was decoded to the same bytes', () => {
    const decoded = decodeEnvelope(golden);
    if (decoded.outcome !== 'decoded') throw new Error(decoded.problem);
    expect(text(encodeEnvelope(decoded.envelope.meta, decoded.envelope.body))).toBe(text(golden));
  });

  test('encodes from the value to the same bytes', () => {
    expect(text(encodeEnvelope(meta, new TextEncoder().encode(body)))).toBe(text(golden));
  });

  test('is what the schema takes, with nothing left out', () => {
    expect(envelopeMetaSchema.parse(meta)).toEqual(meta);
  });
});

const nameOfKind = (frame: Frame) =>
  (Object.keys(frameKinds) as (keyof typeof frameKinds)[]).find((name) => frameKinds[name] === frame.kind);

const checkPayload = (frame: Frame): void => {
  const payload = framePayloads[nameOfKind(frame) ?? 'ping'];
  if (payload === 'empty') return expect(frame.payload.byteLength).toBe(0);
  if (payload === 'bytes') return;
  expect(payload.parse(readJsonFrame(frame))).toEqual(readJsonFrame(frame));
};

describe.each(goldenPackets)('$file', ({ file, tag, frames }) => {
  const golden = readGolden(file);

  test('decodes to the value', () => {
    expect(decodePacket(golden)).toEqual({ outcome: 'decoded', packet: { tag, frames } });
  });

  test('encodes from the value to the same bytes', () => {
    expect(hex(encodePacket(tag, frames))).toBe(hex(golden));
  });

  test('has payloads that the schemas take, with nothing left out', () => {
    frames.forEach(checkPayload);
  });
});

test('every kind of frame is in a golden packet', () => {
  const kinds = goldenPackets.flatMap(({ frames }) => frames.map(({ kind }) => kind));
  expect(new Set(kinds)).toEqual(new Set(Object.values(frameKinds)));
});

test.each(goldenControls)(
  '$file decodes to the value, and encodes to the same bytes',
  ({ file, message }) => {
    const golden = readGolden(file);
    expect(decodeControl(golden)).toEqual(message);
    expect(hex(encodeControl(message))).toBe(hex(golden));
    expect(controlMessageSchema.parse(message)).toEqual(message);
  },
);

test.each(goldenDocuments)(
  '$file decodes to the value, and encodes to the same bytes',
  ({ file, schema, value }) => {
    const golden = text(readGolden(file));
    expect(schema.parse(JSON.parse(golden))).toEqual(value);
    expect(JSON.stringify(value)).toBe(golden);
  },
);

test.each([
  ['hold-message.json', goldenHoldMessage],
  ['hold-message-accounts.json', goldenHoldAccounts],
])('%s decodes to the value, and encodes to the same bytes', (file, value) => {
  const golden = readGolden(file);
  expect(decodeHoldMessage(golden)).toEqual(value);
  expect(text(encodeHoldMessage(value))).toBe(text(golden));
  expect(holdMessageSchema.parse(value)).toEqual(value);
});

test.each([
  { file: 'grant-text.txt', terms: grant },
  { file: 'grant-text-fallback.txt', terms: fallbackGrant },
])('$file is what a grant is signed over', ({ file, terms }) => {
  const meta = goldenEnvelopes[1]?.meta;
  if (!meta) throw new Error('no granted envelope');
  expect(grantText(meta, principal, terms)).toBe(text(readGolden(file)));
});
