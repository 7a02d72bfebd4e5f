/** Regions that Bedrock puts before a model: cross-region inference profiles. */
const region = /^(?:us-gov|us|eu|apac|jp|au|ca|sa|me|af|global)\.(?=[^.]+\.)/;
const revision = /-v\d+:\d+$/;
const date = /-(?:\d{8}|\d{4}-\d{2}-\d{2})$/;

/**
 * Names that a model may be listed under beside its own, the nearest first: without Bedrock's revision, without the
 * date, and each of these without the region. A name in a price list is never shortened: a dated price is of that date.
 */
export const nameVariants = (name: string): readonly string[] => {
  const shortened = (from: string): string[] => {
    const unrevised = from.replace(revision, '');
    return [from, unrevised, unrevised.replace(date, '')];
  };
  const variants = new Set([...shortened(name), ...shortened(name.replace(region, ''))]);
  variants.delete(name);
  return [...variants];
};
