import type { AttemptFinal, RatedUsage } from '@weir/contracts';
import { isFields } from '../checks.ts';

const isSame = (left: unknown, right: unknown): boolean => {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => isSame(item, right[index]));
  }
  if (isFields(left) && isFields(right)) return differingField(left, right) === undefined;
  return left === right;
};

const differingField = (
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>,
): string | undefined =>
  [...Object.keys(left), ...Object.keys(right)].find((name) => !isSame(left[name], right[name]));

/** Name of a field that a record does not repeat as its event has it. The order of fields does not matter. */
export const findDifference = (event: AttemptFinal, record: RatedUsage): string | undefined => {
  const { ratingNumber: _number, rating: _rating, delta: _delta, source: _source, ...repeated } = record;
  return differingField({ ...event }, repeated);
};
