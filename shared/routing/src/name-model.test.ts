import type { RouteConfig } from '@weir/contracts';
import { expect, test } from 'vitest';
import { type NamedModel, nameModel } from './name-model.ts';

const nameOn = (
  route: Partial<RouteConfig>,
  { headers = {}, byBody, pathModel }: { headers?: object; byBody?: string; pathModel?: string },
): NamedModel =>
  nameModel(
    { route: route as RouteConfig, ...(pathModel === undefined ? {} : { pathModel }) },
    { ...headers },
    byBody,
  );

const header = 'x-model-name';
const told = { [header]: 'small' };

test.each<[string, Parameters<typeof nameOn>[1], NamedModel]>([
  ['the header, where the body has none', { headers: told }, { outcome: 'named', model: 'small', header }],
  [
    'the header, where the body has an empty one',
    { headers: told, byBody: '' },
    { outcome: 'named', model: 'small', header },
  ],
  [
    'both, where they agree',
    { headers: told, byBody: 'small' },
    { outcome: 'named', model: 'small', header },
  ],
  ['the body, without the header', { byBody: 'large' }, { outcome: 'named', model: 'large' }],
  [
    'the body, with an empty header',
    { headers: { [header]: '' }, byBody: 'large' },
    { outcome: 'named', model: 'large' },
  ],
  [
    'the path, whatever the header says',
    { headers: told, pathModel: 'large' },
    { outcome: 'named', model: 'large' },
  ],
  ['nothing', {}, { outcome: 'named', model: '' }],
  [
    'neither, where they differ',
    { headers: told, byBody: 'large' },
    { outcome: 'contradicted', header, byHeader: 'small', byBody: 'large' },
  ],
])('the model is named by %s', (_what, request, expected) => {
  expect(nameOn({ modelHeader: header }, request)).toEqual(expected);
});

test('a route without such a header does not look at any', () => {
  expect(nameOn({}, { headers: told })).toEqual({ outcome: 'named', model: '' });
  expect(nameOn({}, { headers: told, byBody: 'large' })).toEqual({ outcome: 'named', model: 'large' });
});
