import { expect, test } from 'vitest';
import { answerModels } from './answer-models.ts';

const models = [
  { id: 'small', ownedBy: 'gpu' },
  { id: 'lab/large', ownedBy: 'cloud' },
];

const ask = (path: string, headers: Readonly<Record<string, string>> = {}, from = models) =>
  answerModels({ path, client: { ip: '::1', headers } }, from);

const anthropic = { 'anthropic-version': '2023-06-01' };

test('the list has the shape of OpenAI', () => {
  expect(ask('/v1/models?limit=2')).toEqual({
    outcome: 'answered',
    body: {
      object: 'list',
      data: [
        { id: 'small', object: 'model', created: 0, owned_by: 'gpu' },
        { id: 'lab/large', object: 'model', created: 0, owned_by: 'cloud' },
      ],
    },
  });
});

test('or that of Anthropic for its clients', () => {
  const time = '1970-01-01T00:00:00Z';
  expect(ask('/v1/models', anthropic)).toEqual({
    outcome: 'answered',
    body: {
      data: [
        { type: 'model', id: 'small', display_name: 'small', created_at: time },
        { type: 'model', id: 'lab/large', display_name: 'lab/large', created_at: time },
      ],
      has_more: false,
      first_id: 'small',
      last_id: 'lab/large',
    },
  });
  expect(ask('/v1/models', anthropic, [])).toMatchObject({
    body: { data: [], first_id: null, last_id: null },
  });
});

test.each(['/v1/models/lab/large', '/v1/models/lab%2Flarge', '/v1/models/lab/large?x=1'])(
  'one model is found at %s',
  (path) => {
    expect(ask(path)).toMatchObject({ outcome: 'answered', body: { id: 'lab/large', object: 'model' } });
    expect(ask(path, anthropic)).toMatchObject({ body: { type: 'model', id: 'lab/large' } });
  },
);

test.each([
  ['/v1/models/huge', 'Use for example: small, lab/large.'],
  ['/v1/models/%', 'Use for example: small, lab/large.'],
])('%s does not exist, and the message says what does', (path, advice) => {
  const error = { reason: 'model_not_found', shouldRetry: false, message: expect.stringContaining(advice) };
  expect(ask(path)).toMatchObject({ outcome: 'not_found', error });
});
