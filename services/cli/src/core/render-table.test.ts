import { expect, test } from 'vitest';
import { renderFields, renderTable } from './render-table.ts';

test('columns are as wide as their widest cell, and numbers stand to the right', () => {
  const rows = [
    { model: 'gpt', requests: 5, charge: '0.25' },
    { model: 'a-longer-name', requests: 1_000, charge: '12' },
  ];
  expect(renderTable(['model', 'requests', 'charge'], rows)).toBe(
    [
      'model          requests  charge',
      'gpt                   5    0.25',
      'a-longer-name      1000      12',
      '',
    ].join('\n'),
  );
});

test('an empty list says so, and what is missing is left empty', () => {
  expect(renderTable(['id'], [])).toBe('none\n');
  expect(renderTable(['id', 'tier', 'models'], [{ id: 'k1', models: ['a', 'b'] }])).toBe(
    'id  tier  models\nk1        a b\n',
  );
});

test('one thing is shown field by field', () => {
  expect(renderFields({ id: 'k1', metadata: { crm: '42' } })).toBe('id        k1\nmetadata  {"crm":"42"}\n');
});
