/**
 * What the upstream shall do is in the model's name: the one thing that every gateway passes on as it came, where
 * headers and unknown fields may be dropped.
 */
export const tokenIntervalMs = 20;

const pacedPrefix = 'paced-';

export const pacedModel = (tokens: number): string => `${pacedPrefix}${tokens}`;

/** The number of tokens to pace, or undefined for an answer at once. */
export const readPacedTokens = (model: string): number | undefined =>
  model.startsWith(pacedPrefix) ? Number(model.slice(pacedPrefix.length)) : undefined;
