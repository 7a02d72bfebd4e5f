/** Readers for bodies of unknown shape. What has the wrong type counts as absent. */

export const asObject = (value: unknown): object | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;

export const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const asNumber = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** A cap on output tokens: `bad` when it is there and not a positive integer. */
export const readCap = (value: unknown): number | undefined | 'bad' => {
  if (value === undefined || value === null) return undefined;
  return Number.isInteger(value) && (value as number) > 0 ? (value as number) : 'bad';
};
