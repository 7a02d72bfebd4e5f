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

test('what a client called a model does not reach the terminal as a command', () => {
  const model = 'gpt\u001b]0;owned\u0007\nfake  1';
  const shown = 'gpt\uFFFD]0;owned\uFFFD\uFFFDfake  1';
  expect(renderTable(['model'], [{ model }])).toBe(`model\n${shown}\n`);
  expect(renderFields({ model })).toBe(`model  ${shown}\n`);
});
