import {
  decodeEnvelope,
  decodePacket,
  type EnvelopeMeta,
  encodeEnvelope,
  frameKinds,
  grantText,
  parseConfig,
  readJsonFrame,
} from '@weir/contracts';
import { createTenantDirectory } from '@weir/limits';
import { buildPriceBook } from '@weir/pricing';
import { passThroughTracer, type Tracer } from '@weir/runtime';
import { requestMeta } from '@weir/testing';
import { describe, expect, test, vi } from 'vitest';
import { buildAdmissionIndex } from '../core/admission-index.ts';
import type { Limited } from '../limiter.ts';
import { type AdmitDependencies, createAdmit } from './admit.ts';
import { createNoScheduler } from './no-scheduler.ts';

const now = 1_000_000;
const key = 'a'.repeat(64);
const limitedKey = 'b'.repeat(64);
const body = new TextEncoder().encode('{"model":"small"}\nand more');

const parsed = parseConfig({
  version: 1,
  upstreams: { gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'], models: ['small'] } },
  routes: [{ name: 'slow', match: { path: '/slow' }, priority: 7 }],
  tenants: [
    { org: 'acme', keys: [{ id: 'k1', sha256: key }] },
    { org: 'tight', keys: [{ id: 'k2', sha256: limitedKey, rateLimits: [{ requestsPerMinute: 1 }] }] },
  ],
});
if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
const sha256Hex = (text: string): string => `hash of ${text}`;
const directory = createTenantDirectory();
directory.applyConfig(parsed.config);
const built = buildPriceBook({ config: parsed.config.pricing, sha256Hex });
if (built.outcome === 'invalid') throw new Error(built.problems.join('\n'));
const index = buildAdmissionIndex({ config: parsed.config, directory, book: built.book, sha256Hex });

const meta = requestMeta(now, {
  body: { where: 'inline', bytes: body.byteLength },
  client: { ip: '::1', headers: {}, keySha256: key },
});

const createRecorded = (given: Partial<AdmitDependencies> = {}) => {
  const published: { subject: string; payload: Uint8Array; replyTo: string | undefined }[] = [];
  const counted: string[] = [];
  const admit = createAdmit({
    bus: { publish: (subject, payload, replyTo) => published.push({ subject, payload, replyTo }) },
    self: 'policy-1',
    index: () => index,
    signer: { sign: (text) => `signed ${text}` },
    metrics: {
      countAdmission: (outcome, reason) => counted.push(reason ?? outcome),
      observeHop: () => undefined,
    },
    limiter: () => Promise.reject(new Error('no limit applies')),
    tracer: passThroughTracer,
    logger: { error: () => undefined } as never,
    now: () => now,
    drawTag: () => 77,
    ...given,
  });
  const send = (changed: Partial<EnvelopeMeta> = {}) =>
    admit.take({ data: encodeEnvelope({ ...meta, ...changed }, body) });
  return { admit, send, published, counted };
};

const packetOf = (payload: Uint8Array | undefined) => {
  const decoded = decodePacket(payload ?? new Uint8Array());
  if (decoded.outcome === 'malformed') throw new Error(decoded.problem);
  return decoded.packet;
};

const errorOf = (payload: Uint8Array | undefined) => {
  const { tag, frames } = packetOf(payload);
  expect({ tag, frames: frames.map(({ kind, sequence }) => [kind, sequence]) }).toEqual({
    tag: 0,
    frames: [[frameKinds.error, 0]],
  });
  return frames[0] && readJsonFrame(frames[0]);
};

const forwardedOf = (payload: Uint8Array | undefined) => {
  const decoded = decodeEnvelope(payload ?? new Uint8Array());
  if (decoded.outcome === 'malformed') throw new Error(decoded.problem);
  return decoded.envelope;
};

test('an admitted request goes to the scheduler with principal and signed grant, its body untouched', () => {
  const { send, published, counted } = createRecorded();
  send();
  expect(published).toMatchObject([
    { subject: 'weir.v1.schedule', replyTo: 'weir.v1.hop.policy-1.scheduler.ingress-1.request-1' },
  ]);
  const forwarded = forwardedOf(published[0]?.payload);
  const principal = { org: 'acme', team: '_', key: 'k1' };
  const terms = { holds: [], expiresAt: meta.deadline };
  const grant = { ...terms, mac: `signed ${grantText(meta, principal, terms)}` };
  expect(forwarded.meta).toEqual({ ...meta, principal, grant });
  expect(new TextDecoder().decode(forwarded.body)).toBe(new TextDecoder().decode(body));
  expect(counted).toEqual(['admitted']);
});

test("the request's own priority goes before that of the route", () => {
  const { send, published } = createRecorded();
  send({ route: 'slow' });
  send({ route: 'slow', priority: 0 });
  expect(published.map(({ payload }) => forwardedOf(payload).meta.priority)).toEqual([7, 0]);
});

test('a rejection goes straight to the ingress', () => {
  const { send, published, counted } = createRecorded();
  send({ client: { ip: '::1', headers: {} } });
  expect(published).toMatchObject([{ subject: meta.replyTo }]);
  expect(errorOf(published[0]?.payload)).toMatchObject({ reason: 'missing_key', shouldRetry: false });
  expect(counted).toEqual(['missing_key']);
});

test('the list of models is answered here, in one packet of a run of its own', () => {
  const { send, published, counted } = createRecorded();
  send({ api: 'openai.models', route: 'openai-models', path: '/v1/models', model: '' });
  expect(published).toMatchObject([{ subject: meta.replyTo }]);
  const { tag, frames } = packetOf(published[0]?.payload);
  expect([tag, ...frames.map(({ kind, sequence }) => `${kind}:${sequence}`)]).toEqual([
    77,
    '3:0',
    '4:1',
    '6:2',
  ]);
  const [head, data, end] = frames;
  expect(head && readJsonFrame(head)).toEqual({
    status: 200,
    headers: [['content-type', 'application/json']],
  });
  expect(data && readJsonFrame(data)).toMatchObject({
    object: 'list',
    data: [{ id: 'small', owned_by: 'gpu' }],
  });
  expect(end && readJsonFrame(end)).toEqual({ bytes: data?.payload.byteLength });
  expect(counted).toEqual(['answered']);
});

test('a model that is not listed is an error', () => {
  const { send, published } = createRecorded();
  send({ api: 'openai.models', route: 'openai-model', path: '/v1/models/huge', model: '' });
  expect(errorOf(published[0]?.payload)).toMatchObject({ reason: 'model_not_found' });
});

test('without a configuration the ingress is told to come again', () => {
  const { send, published } = createRecorded({ index: () => undefined });
  send();
  expect(errorOf(published[0]?.payload)).toMatchObject({ reason: 'no_config', resubmit: true });
});

test('what is no envelope is counted and dropped', () => {
  const { admit, published, counted } = createRecorded();
  admit.take({ data: new TextEncoder().encode('{"v":1}\n') });
  expect([published, counted]).toEqual([[], ['malformed']]);
});

test('a failure of our own reaches the client as an error, not as silence', () => {
  const { send, published, counted } = createRecorded({
    signer: {
      sign: () => {
        throw new Error('no such key');
      },
    },
  });
  send();
  expect(errorOf(published[0]?.payload)).toMatchObject({ reason: 'bug' });
  expect(counted).toEqual(['bug']);
});

test("policy's own span is the parent of what follows, when traces are recorded", () => {
  const ended: unknown[] = [];
  const tracer: Tracer = {
    enabled: true,
    start: (name, { parent }) => ({
      traceparent: `${name} of ${parent}`,
      set: () => undefined,
      end: (outcome) => ended.push(outcome),
    }),
  };
  const { send, published } = createRecorded({ tracer });
  send({ trace: 'parent' });
  expect(forwardedOf(published[0]?.payload).meta.trace).toBe('policy admit of parent');
  send({ deadline: now });
  expect(ended).toEqual([{ error: undefined }, { error: 'request_deadline' }]);
});

test('a missing scheduler is reported to the ingress that waits', () => {
  const published: { subject: string; payload: Uint8Array }[] = [];
  const notice = createNoScheduler({
    bus: { publish: (subject, payload) => published.push({ subject, payload }) },
    metrics: { countNoScheduler: () => undefined },
  });
  const subject = 'weir.v1.hop.policy-1.scheduler.ingress-1.request-1';
  notice({ subject, noResponders: false });
  expect(published).toEqual([]);
  notice({ subject, noResponders: true });
  expect(published).toMatchObject([{ subject: meta.replyTo }]);
  const error = { reason: 'no_scheduler', retryAfterMs: 1_000, resubmit: true };
  expect(errorOf(published[0]?.payload)).toMatchObject(error);
});

describe('a request that a limit applies to', () => {
  const client = { ip: '::1', headers: {}, keySha256: limitedKey };
  const terms = { holds: [{ id: 'counter', amount: '5' }], held: true, outputCap: 100 };
  const answerHeaders = [['x-budget-remaining', '7']] as const;

  test('goes on with what the limits say of it, its body whole although the bus has used the buffer again', async () => {
    const limited = Promise.withResolvers<Limited>();
    const { admit, published, counted } = createRecorded({ limiter: () => limited.promise });
    const data = encodeEnvelope({ ...meta, client }, body);
    admit.take({ data });
    expect([published, admit.pending]).toEqual([[], 1]);
    data.fill(0);
    limited.resolve({ outcome: 'within', terms, answerHeaders });
    await vi.waitFor(() => expect(published).toHaveLength(1));
    const forwarded = forwardedOf(published[0]?.payload);
    expect(forwarded.meta).toMatchObject({ grant: terms, answerHeaders });
    expect(new TextDecoder().decode(forwarded.body)).toBe(new TextDecoder().decode(body));
    expect([admit.pending, counted]).toEqual([0, ['admitted']]);
  });

  test('is refused with the reason and the headers', async () => {
    const error = { reason: 'rate_limit', message: 'Slow down.', headers: answerHeaders } as const;
    const { admit, published } = createRecorded({
      limiter: () => Promise.resolve({ outcome: 'refused', error }),
    });
    admit.take({ data: encodeEnvelope({ ...meta, client }, body) });
    await vi.waitFor(() => expect(published).toHaveLength(1));
    expect(errorOf(published[0]?.payload)).toMatchObject(error);
  });

  test('is answered also when the limiter breaks', async () => {
    const { admit, published, counted } = createRecorded({
      limiter: () => Promise.reject(new Error('broken')),
    });
    admit.take({ data: encodeEnvelope({ ...meta, client }, body) });
    await vi.waitFor(() => expect(counted).toEqual(['bug']));
    expect(errorOf(published[0]?.payload)).toMatchObject({ reason: 'bug' });
    expect(admit.pending).toBe(0);
  });
});
