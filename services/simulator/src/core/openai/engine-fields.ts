import { asNumber, asObject } from '../body-field.ts';

/** Request fields that vLLM adds to the OpenAI API. */
export interface EngineFields {
  readonly priority: number;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
}

export const readEngineFields = (input: unknown): EngineFields => {
  const body = (asObject(input) ?? {}) as { priority?: unknown; min_tokens?: unknown; ignore_eos?: unknown };
  return {
    priority: asNumber(body.priority) ?? 0,
    minTokens: asNumber(body.min_tokens) ?? 0,
    ignoreEos: body.ignore_eos === true,
  };
};
