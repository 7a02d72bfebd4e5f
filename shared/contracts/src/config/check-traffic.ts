import { closestName } from './closest-name.ts';
import type { ConfigProblem } from './config-problem.ts';
import { fieldOf, fieldsOf, itemsOf, problem, type RawNode, repeated, textOf } from './raw-config.ts';

const named = (nodes: readonly RawNode[], name: string): readonly RawNode[] =>
  nodes.map((node) => fieldOf(node, name));

const isGiven = (node: RawNode): boolean =>
  Array.isArray(node.value) ? node.value.length > 0 : node.value !== undefined;

const waysOf = (place: RawNode): readonly RawNode[] =>
  ['upstreams', 'split', 'abTest', 'canary'].map((name) => fieldOf(place, name)).filter(isGiven);

const checkWays = (place: RawNode): ConfigProblem[] => {
  const [, ...others] = waysOf(place);
  const splitBy = fieldOf(place, 'splitBy');
  return [
    ...others.map((way) => problem(way, 'only one of `upstreams`, `split`, `abTest`, `canary`')),
    ...(isGiven(splitBy) && !isGiven(fieldOf(place, 'split'))
      ? [problem(splitBy, 'nothing: there is no `split`')]
      : []),
  ];
};

const checkPlace = (place: RawNode, upstreams: readonly string[]): ConfigProblem[] => {
  const shares = itemsOf(fieldOf(place, 'split'));
  const variants = itemsOf(fieldOf(fieldOf(place, 'abTest'), 'variants'));
  const listed = itemsOf(fieldOf(place, 'upstreams'));
  const canary = fieldOf(place, 'canary');
  const trial = [fieldOf(canary, 'stable'), fieldOf(canary, 'canary')];
  const mentions = [listed, named(shares, 'upstream'), named(variants, 'upstream'), trial];
  const unknown = mentions.flat().flatMap((mention) => {
    const name = textOf(mention);
    if (name === undefined || upstreams.includes(name)) return [];
    return [problem(mention, 'the name of an upstream', closestName(name, upstreams))];
  });
  return [
    ...checkWays(place),
    ...unknown,
    ...mentions.flatMap((names) => repeated(names, 'each upstream once')),
    ...repeated(named(variants, 'name'), 'a name that no other variant has'),
  ];
};

/** Where routes and their rules send requests: upstreams that exist, each once, and by one way only. */
export const checkTraffic = (whole: RawNode): ConfigProblem[] => {
  const upstreams = fieldsOf(fieldOf(whole, 'upstreams')).map((upstream) => upstream.name);
  return itemsOf(fieldOf(whole, 'routes')).flatMap((route) => {
    const rules = itemsOf(fieldOf(route, 'rules'));
    const aimless = rules.filter((rule) => waysOf(rule).length === 0);
    return [
      ...[route, ...rules].flatMap((place) => checkPlace(place, upstreams)),
      ...aimless.map((rule) => problem(rule, 'one of `upstreams`, `split`, `abTest`')),
    ];
  });
};
