import { parseConfig, type WeirConfig } from '@weir/contracts';

/** A configuration with its defaults filled in; a test with a bad one fails by its problems. */
export const configOf = (config: Readonly<Record<string, unknown>>): WeirConfig => {
  const parsed = parseConfig({ version: 1, ...config });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};
