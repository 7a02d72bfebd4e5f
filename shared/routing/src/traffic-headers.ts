import type { WeirConfig } from '@weir/contracts';
import type { Way } from './find-way.ts';

const ofKey = (key: string | undefined): readonly string[] =>
  key?.startsWith('header:') ? [key.slice('header:'.length)] : [];

const ofWay = ({ splitBy, abTest, canary }: Way): readonly string[] => [
  ...ofKey(splitBy),
  ...ofKey(abTest?.by),
  ...ofKey(canary?.splitBy),
  ...(abTest?.header === undefined ? [] : [abTest.header]),
];

/** Headers that decide where requests go, and so have to travel with them. */
export const trafficHeaders = (config: WeirConfig): readonly string[] => {
  const names = config.routes.flatMap((route) => [
    ...ofWay(route),
    ...(route.rules ?? []).flatMap((rule) => [...ofWay(rule), ...Object.keys(rule.match.headers ?? {})]),
  ]);
  return [...new Set(names)];
};
