import { type EnvelopeMeta, type ErrorReason, errorReasons } from '@weir/contracts';
import {
  answerHeaders,
  anthropicErrorSchema,
  type HttpWire,
  limitHeaders,
  openAiErrorSchema,
  openApiDocument,
  reasonsByStatus,
} from '@weir/contracts/schema';
import type { Candidate } from '@weir/messaging';
import { describe, expect, test } from 'vitest';
import { statusOf, toErrorBody } from '../../services/ingress/src/core/error-body.ts';
import { toResponseHeaders } from '../../services/ingress/src/http/response-headers.ts';
import { readGenerated } from './generated-file.ts';

const current = `${JSON.stringify(openApiDocument(), undefined, 2)}\n`;

// After a change of paths, headers or reasons: UPDATE=1 npx vitest run test/contracts
test('the OpenAPI document that is checked in is the one that the code makes', () => {
  expect(readGenerated('openapi.json', current)).toBe(current);
});

const schemas = { openai: openAiErrorSchema, anthropic: anthropicErrorSchema };
const wires: readonly HttpWire[] = ['openai', 'anthropic'];
const sentReasons = (Object.keys(errorReasons) as ErrorReason[]).filter(
  (reason) => reason !== 'client_disconnected',
);

describe.each(wires)('errors of the %s API', (wire) => {
  test.each(sentReasons)('%s has the status and the shape that are documented', (reason) => {
    const error = { reason, message: 'Something was wrong.', param: 'model' };
    expect(reasonsByStatus(wire).get(statusOf(error, wire))).toContain(reason);
    const body: unknown = JSON.parse(toErrorBody(error, wire, 'id'));
    expect(schemas[wire].parse(body)).toEqual(body);
  });

  test('no reason is documented twice or without being sent', () => {
    expect([...reasonsByStatus(wire).values()].flat().sort()).toEqual([...sentReasons].sort());
  });
});

// What policy's limit-headers.ts writes, and the scheduler's run-meta.ts.
const decidedBefore = [...limitHeaders, 'X-Budget-Clamped', 'X-Weir-Variant'].map(
  (name) => [name.toLowerCase(), '1'] as const,
);

test('each header that an answer can have is documented', () => {
  const usage = {
    quality: 'reported',
    inputTokens: 1,
    outputTokens: 2,
    costNano: '1',
    currency: 'USD',
  } as const;
  const made = toResponseHeaders({
    head: { status: 503, headers: [['x-request-id', 'upstream-1'], ...decidedBefore] },
    meta: { id: 'id', client: { ip: '127.0.0.1', headers: {} } } as unknown as EnvelopeMeta,
    candidate: { upstream: 'local', attempt: 2 } as unknown as Candidate,
    cookie: 'sid=1',
    streams: false,
    summary: { usage, startedAt: 0, now: 1, requestBytes: 1, responseBytes: 1 },
  });
  expect(Object.keys(made).sort()).toEqual(answerHeaders.map((name) => name.toLowerCase()).sort());
});
