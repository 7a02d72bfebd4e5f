import type { Completion, Finish } from './completion.ts';
import type { Prompt } from './prompt.ts';
import {
  createRandom,
  drawHex,
  drawInteger,
  drawNormal,
  finishHash,
  foldText,
  type Random,
} from './seeded-random.ts';
import { buildArguments, cutFragments, type ToolDefinition } from './tool-call.ts';
import { mixedPieces, plainPieces } from './words.ts';

/** What decides an answer beside the request. */
export interface Planning {
  readonly seed: number;
  /** Seconds since the epoch, for `created`. */
  readonly created: number;
  /** Folded into the seed of every answer. Empty when identical requests shall have identical answers. */
  readonly nonce: string;
  /** Length of an answer that the request does not fix: log-normal, in tokens. */
  readonly outputMedian: number;
  readonly outputSigma: number;
  readonly embeddingDimensions: number;
  readonly embeddingsFloatsOnly: boolean;
}

/** The parts of a request for text that decide its answer. */
export interface CompletionAsk {
  readonly model: string;
  readonly prompt: Prompt;
  readonly outputCap: number | undefined;
  readonly minTokens: number;
  /** vLLM's `ignore_eos`: generate up to the cap. */
  readonly ignoreEos: boolean;
  /** The tool to call. Absent means text. */
  readonly tool: ToolDefinition | undefined;
}

const maxDrawnTokens = 4096;

const drawLength = (random: Random, planning: Planning): number => {
  const drawn = Math.round(planning.outputMedian * Math.exp(planning.outputSigma * drawNormal(random)));
  return Math.min(maxDrawnTokens, Math.max(1, drawn));
};

const chooseLength = (ask: CompletionAsk, planning: Planning, random: Random): number => {
  const drawn = drawLength(random, planning);
  if (ask.prompt.markedTokens !== undefined) return Math.max(1, ask.prompt.markedTokens);
  if (ask.ignoreEos && ask.outputCap !== undefined) return ask.outputCap;
  return Math.max(drawn, ask.minTokens);
};

const drawPieces = (random: Random, count: number, wantsUnicode: boolean): readonly string[] => {
  const words = wantsUnicode ? mixedPieces : plainPieces;
  const pieces = Array.from({ length: count }, () => words[drawInteger(random, words.length)] ?? '');
  pieces[0] = pieces[0]?.trimStart() ?? '';
  return pieces;
};

export const planCompletion = (ask: CompletionAsk, planning: Planning): Completion => {
  const seed = foldText(ask.prompt.hash, `\u0000${ask.model}\u0000${planning.seed}\u0000${planning.nonce}`);
  const random = createRandom(finishHash(seed));
  const id = drawHex(random, 24);
  const cap = ask.outputCap ?? Number.POSITIVE_INFINITY;
  const common = { id, model: ask.model, created: planning.created };
  if (ask.tool !== undefined) {
    const json = buildArguments(ask.tool.schema, random);
    const all = [ask.tool.name, ...cutFragments(json)];
    const finish: Finish = all.length > cap ? 'length' : 'tool';
    return {
      ...common,
      pieces: all.slice(0, cap),
      finish,
      tool: { id, name: ask.tool.name, arguments: json },
    };
  }
  const wanted = chooseLength(ask, planning, random);
  const pieces = drawPieces(random, Math.min(wanted, cap), ask.prompt.wantsUnicode);
  // Ignoring the end of the text means that only the cap can have ended it.
  const cut = wanted > cap || (ask.ignoreEos && wanted === cap);
  return { ...common, pieces, finish: cut ? 'length' : 'stop', tool: undefined };
};
