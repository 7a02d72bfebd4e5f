import { type PriceLane, priceLanes } from '@weir/contracts';
import type { LanePico } from './price-lanes.ts';

const picoPerNano = 1_000n;

/** To the nearest nano-unit, a half up. */
export const toNano = (pico: bigint): bigint => (pico + picoPerNano / 2n) / picoPerNano;

/** Most pico-units that {@link toNano} makes no more than `nano` of. */
export const mostPico = (nano: bigint): bigint => nano * picoPerNano + picoPerNano / 2n - 1n;

export interface RoundedLanes {
  readonly totalNano: bigint;
  readonly lanesNano: Readonly<Partial<Record<PriceLane, bigint>>>;
}

/** Rounds the sum, once; what the lanes then lack goes to those with the largest remainders, so that they add up to it. */
export const roundLanes = (lanesPico: LanePico): RoundedLanes => {
  const totalNano = toNano([...lanesPico.values()].reduce((all, one) => all + one, 0n));
  const lanes = priceLanes.flatMap((lane) => {
    const pico = lanesPico.get(lane);
    return pico === undefined ? [] : [{ lane, nano: pico / picoPerNano, rest: pico % picoPerNano }];
  });
  const missing = totalNano - lanes.reduce((all, { nano }) => all + nano, 0n);
  const byRest = lanes.toSorted((left, right) => Number(right.rest - left.rest));
  const raised = new Set(byRest.slice(0, Number(missing)).map(({ lane }) => lane));
  return {
    totalNano,
    lanesNano: Object.fromEntries(lanes.map(({ lane, nano }) => [lane, raised.has(lane) ? nano + 1n : nano])),
  };
};
