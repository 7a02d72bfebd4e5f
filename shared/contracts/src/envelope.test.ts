import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apis, decodeEnvelope, type EnvelopeMeta, encodeEnvelope } from './envelope.ts';

const texts = fc.string({ unit: 'binary', maxLength: 30 });
const counts = fc.maxSafeNat();

const metas: fc.Arbitrary<EnvelopeMeta> = fc.record({
  v: fc.constant(1 as const),
  id: texts,
  replyTo: texts,
  ingress: texts,
  deadline: counts,
  receivedAt: counts,
  route: texts,
  api: fc.constantFrom(...apis),
  method: texts,
  path: texts,
  model: texts,
  stream: fc.boolean(),
  submission: fc.nat(2),
  features: fc.record({ chars: counts, messages: counts, tools: counts }),
  marks: fc.constantFrom({}, { open: 1, model: [9, 20] as const }),
  body: fc.record({ where: fc.constant('inline' as const), bytes: counts }),
  client: fc.record({ ip: texts, headers: fc.dictionary(texts, texts, { noNullPrototype: true }) }),
});

const meta: EnvelopeMeta = {
  v: 1,
  id: 'request-1',
  replyTo: 'weir.v1.reply.ingress-1.request-1',
  ingress: 'ingress-1',
  deadline: 2_000,
  receivedAt: 1_000,
  route: 'openai-chat',
  api: 'openai.chat',
  method: 'POST',
  path: '/v1/chat/completions',
  model: 'llama-70b',
  stream: false,
  submission: 0,
  features: { chars: 0, messages: 0, tools: 0 },
  marks: {},
  body: { where: 'inline', bytes: 0 },
  client: { ip: '127.0.0.1', headers: {} },
};

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const noBody = new Uint8Array(0);

const problemOf = (bytes: Uint8Array): string => {
  const decoded = decodeEnvelope(bytes);
  return decoded.outcome === 'malformed' ? decoded.problem : 'none';
};

describe('an envelope', () => {
  test('decodes to what was encoded', () => {
    fc.assert(
      fc.property(metas, fc.uint8Array({ maxLength: 200 }), (given, body) => {
        expect(decodeEnvelope(encodeEnvelope(given, body))).toEqual({
          outcome: 'decoded',
          envelope: { meta: given, body },
        });
      }),
    );
  });

  test('keeps line feeds of the meta out of the bytes, and those of the body in them', () => {
    const bytes = encodeEnvelope({ ...meta, model: 'two\nlines' }, encode('a\nb\n'));
    expect(bytes.indexOf(0x0a)).toBe(bytes.byteLength - 'a\nb\n'.length - 1);
    const decoded = decodeEnvelope(bytes);
    if (decoded.outcome !== 'decoded') throw new Error(decoded.problem);
    expect(decoded.envelope.meta.model).toBe('two\nlines');
    expect(decoded.envelope.body).toEqual(encode('a\nb\n'));
  });

  test('keeps fields that this version does not know', () => {
    const newer = { ...meta, region: 'eu' };
    const decoded = decodeEnvelope(encodeEnvelope(newer, noBody));
    expect(decoded).toMatchObject({ envelope: { meta: { region: 'eu' } } });
  });

  test('gives the body as a view', () => {
    const bytes = encodeEnvelope(meta, encode('body'));
    const decoded = decodeEnvelope(bytes);
    if (decoded.outcome !== 'decoded') throw new Error(decoded.problem);
    expect(decoded.envelope.body.buffer).toBe(bytes.buffer);
  });
});

describe('bytes that are no envelope', () => {
  test('are an outcome, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeEnvelope(bytes).outcome).toBe('malformed');
      }),
    );
  });

  test('are an outcome when the first line is any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (line) => {
        expect(decodeEnvelope(encode(`${line}\n`)).outcome).toBe('malformed');
      }),
    );
  });

  test.each([
    ['no line feed', encode(JSON.stringify(meta)), 'no line feed after the meta line'],
    ['no JSON', encode('{"v":1\nrest'), 'the meta line is not JSON'],
    ['null', encode('null\n'), 'the meta line lacks a required field'],
    [
      'another version',
      encode(`${JSON.stringify({ ...meta, v: 2 })}\n`),
      'the meta line lacks a required field',
    ],
  ])('%s is named', (_what, bytes, problem) => {
    expect(problemOf(bytes)).toBe(problem);
  });

  test.each(['v', 'id', 'replyTo', 'deadline', 'api', 'model', 'features', 'body', 'client'])(
    'a meta without %s is malformed',
    (field) => {
      const { [field]: _left, ...rest } = { ...meta } as Record<string, unknown>;
      expect(problemOf(encode(`${JSON.stringify(rest)}\n`))).toBe('the meta line lacks a required field');
    },
  );
});
