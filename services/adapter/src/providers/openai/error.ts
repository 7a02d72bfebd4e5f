import type { UpstreamFailure } from '../../core/response-tap.ts';
import { readObject } from '../count.ts';

const statusByWord: readonly (readonly [string, number])[] = [
  ['rate_limit', 429],
  ['insufficient_quota', 429],
  ['overloaded', 503],
  ['unavailable', 503],
  ['authentication', 401],
  ['permission', 403],
  ['not_found', 404],
  ['notfounderror', 404],
  ['context_length', 400],
  ['invalid', 400],
  ['badrequest', 400],
];

/** The status that an error sent inside a 200 would have had. */
export const toOpenaiFailure = (error: unknown): UpstreamFailure => {
  const { type, code } = readObject(error);
  const status =
    typeof code === 'number' && code >= 400 && code < 600
      ? code
      : (statusByWord.find(([word]) => `${type} ${code}`.toLowerCase().includes(word))?.[1] ?? 502);
  return { status, body: JSON.stringify({ error }) };
};
