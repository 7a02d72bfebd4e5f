import type { WayConfig, WeirConfig } from '@weir/contracts';

const ofKey = (key: string | undefined): readonly string[] =>
  key?.startsWith('header:') ? [key.slice('header:'.length)] : [];

const ofWay = ({ splitBy, abTest }: WayConfig): readonly string[] => [
  ...ofKey(splitBy),
  ...ofKey(abTest?.by),
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
