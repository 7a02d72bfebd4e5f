import type { Usage } from '@weir/contracts';

type Side = 'input' | 'output';

export interface FittedUsage {
  /** Its lanes are no more than its totals. */
  readonly usage: Usage;
  /** Where lanes had to be cut: the provider's numbers contradict each other. */
  readonly anomalies: readonly Side[];
}

/** The parts of each total beside text, what is surest first. */
const parts = {
  input: ['cacheRead', 'cacheWrite1h', 'cacheWrite5m', 'inputAudio', 'inputImage'],
  output: ['outputReasoning', 'outputAudio'],
} as const satisfies Readonly<Record<Side, readonly (keyof Usage)[]>>;

const totals = { input: 'inputTotal', output: 'outputTotal' } as const;
const texts = { input: 'inputText', output: 'outputText' } as const;

/** Something of the input is known. */
export const saysInput = (usage: Usage): boolean =>
  [totals.input, texts.input, ...parts.input].some((lane) => usage[lane] !== undefined);

/** What the parts of a total are cut to, by name. Undefined: they fit into it. */
const cutToFit = (usage: Usage, side: Side): Usage | undefined => {
  const total = usage[totals[side]];
  if (total === undefined) return undefined;
  let left = total;
  const kept = parts[side].flatMap((lane): [keyof Usage, number][] => {
    const tokens = usage[lane];
    if (tokens === undefined) return [];
    const fits = Math.min(tokens, left);
    left -= fits;
    return [[lane, fits]];
  });
  const isCut = kept.some(([lane, tokens]) => tokens !== usage[lane]);
  return isCut ? { ...Object.fromEntries(kept), [texts[side]]: 0 } : undefined;
};

/**
 * A total that the provider reports holds: it bills by it. Parts that exceed it, such as more cached tokens than the
 * prompt has, would be paid for twice.
 */
export const fitLanes = (usage: Usage): FittedUsage => {
  const input = cutToFit(usage, 'input');
  const output = cutToFit(usage, 'output');
  if (!input && !output) return { usage, anomalies: [] };
  return {
    usage: { ...usage, ...input, ...output },
    anomalies: [...(input ? (['input'] as const) : []), ...(output ? (['output'] as const) : [])],
  };
};
