const goldenRatio = 0.618_033_988_749_895;

const greatestCommonDivisor = (left: number, right: number): number =>
  right === 0 ? left : greatestCommonDivisor(right, left % right);

/**
 * Every index below `count` once, such that any beginning of the sequence is spread evenly over the whole:
 * steps of about the golden section, by a stride that has no factor in common with `count`.
 */
export function* samplingOrder(count: number): Generator<number> {
  let stride = Math.max(1, Math.round(count * goldenRatio));
  while (greatestCommonDivisor(stride, count) > 1) stride += 1;
  for (let step = 0; step < count; step += 1) yield (step * stride) % count;
}
