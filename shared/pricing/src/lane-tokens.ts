import { type PriceLane, priceLanes, type Usage } from '@weir/contracts';

/** Tokens of each lane; every token stands in one. */
export type LaneTokens = Readonly<Record<PriceLane, number>>;

/**
 * Lanes of the prompt in the order of its tokens: what was cached is its beginning. The tokens beyond a threshold are
 * the last ones.
 */
export const promptLanes = [
  'cacheRead',
  'cacheWrite1h',
  'cacheWrite5m',
  'inputText',
  'inputAudio',
  'inputImage',
] as const satisfies readonly PriceLane[];

export const answerLanes = [
  'outputText',
  'outputReasoning',
  'outputAudio',
] as const satisfies readonly PriceLane[];

/** A known total holds: text is what the other lanes leave of it, so that no token is counted in two lanes or in none. */
const textOf = (total: number | undefined, text: number | undefined, others: readonly number[]): number => {
  if (total === undefined) return text ?? 0;
  return Math.max(0, total - others.reduce((all, one) => all + one, 0));
};

export const toLaneTokens = (usage: Usage): LaneTokens => {
  const tokens = Object.fromEntries(priceLanes.map((lane) => [lane, usage[lane] ?? 0])) as Record<
    PriceLane,
    number
  >;
  const others = (lanes: readonly PriceLane[], text: PriceLane): number[] =>
    lanes.filter((lane) => lane !== text).map((lane) => tokens[lane]);
  tokens.inputText = textOf(usage.inputTotal, usage.inputText, others(promptLanes, 'inputText'));
  tokens.outputText = textOf(usage.outputTotal, usage.outputText, others(answerLanes, 'outputText'));
  return tokens;
};

export const promptTokens = (tokens: LaneTokens): number =>
  promptLanes.reduce((all, lane) => all + tokens[lane], 0);

export const isKnown = (usage: Usage): boolean => Object.values(usage).some((count) => count !== undefined);
