/** A token count off the wire: undefined unless it is a non-negative integer. Unknown is not zero. */
export const readCount = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/** A text off the wire. */
export const readText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** A nested object off the wire; an empty one when it is not there. */
export const readObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

type Known<Value extends object> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> };

/** Drops the members that are undefined. */
export const known = <Value extends object>(value: Value): Known<Value> => {
  const kept: Known<Value> = {};
  for (const name in value) {
    const member = value[name];
    if (member !== undefined) kept[name] = member as Exclude<Value[typeof name], undefined>;
  }
  return kept;
};

/** `total` less its known parts; undefined when the total is not known. Never negative. */
export const remainder = (
  total: number | undefined,
  ...parts: (number | undefined)[]
): number | undefined => {
  if (total === undefined) return undefined;
  return Math.max(
    0,
    parts.reduce<number>((left, part) => left - (part ?? 0), total),
  );
};
