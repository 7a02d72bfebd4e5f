import { median } from '../bench/measurement.ts';

export type GrowthVerdict =
  | {
      readonly outcome: 'flat' | 'grows';
      /** Medians of the middle and the last third of the samples. */
      readonly middle: number;
      readonly last: number;
      /** By how much of the middle third the last is more; negative where it is less. */
      readonly growth: number;
    }
  | { readonly outcome: 'too_few_samples' };

/** Three samples a third: with fewer a median is one sample's chance. */
const leastSamples = 9;
const mostGrowth = 0.05;

/** The first third is warm-up: caches fill, compilers optimise. From the middle on nothing may grow. */
export const judgeGrowth = (values: readonly number[]): GrowthVerdict => {
  const third = Math.floor(values.length / 3);
  const last = median(values.slice(values.length - third));
  const middle = median(values.slice(values.length - 2 * third, values.length - third));
  if (values.length < leastSamples || middle === undefined || last === undefined)
    return { outcome: 'too_few_samples' };
  const growth = (last - middle) / middle;
  return { outcome: growth <= mostGrowth ? 'flat' : 'grows', middle, last, growth };
};
