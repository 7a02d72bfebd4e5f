import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinPieces } from './completion.ts';
import { type CompletionAsk, type Planning, planCompletion } from './plan-completion.ts';
import { createPromptBuilder } from './prompt.ts';

const planning: Planning = {
  seed: 1,
  created: 0,
  nonce: '',
  outputMedian: 20,
  outputSigma: 0.5,
  embeddingDimensions: 64,
  embeddingsFloatsOnly: false,
};

const ask = (text: string, part: Partial<CompletionAsk> = {}): CompletionAsk => {
  const prompt = createPromptBuilder();
  prompt.add('user', text);
  const common = { model: 'sim-gpt', outputCap: undefined, minTokens: 0, ignoreEos: false, tool: undefined };
  return { ...common, prompt: prompt.build(), ...part };
};

const weather = {
  name: 'weather',
  schema: {
    type: 'object',
    properties: {
      city: { type: 'string' },
      unit: { enum: ['C', 'F'] },
      days: { type: 'integer' },
      tags: { type: 'array', items: { type: 'boolean' } },
    },
  },
};

describe('a planned completion', () => {
  it('is the same for the same request, and another for another seed, model, prompt or nonce', () => {
    const plan = planCompletion(ask('hello'), planning);
    expect(planCompletion(ask('hello'), planning)).toEqual(plan);
    const others = [
      planCompletion(ask('hello!'), planning),
      planCompletion(ask('hello', { model: 'sim-gpt-mini' }), planning),
      planCompletion(ask('hello'), { ...planning, seed: 2 }),
      planCompletion(ask('hello'), { ...planning, nonce: '1' }),
    ];
    expect(new Set([plan, ...others].map(({ id }) => id)).size).toBe(5);
  });

  it('has exactly the tokens of the marker, unless the cap is lower', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 500 }), (marked, outputCap) => {
        const plan = planCompletion(ask(`say [[tokens:${marked}]]`, { outputCap }), planning);
        expect(plan.pieces).toHaveLength(Math.min(marked, outputCap));
        expect(plan.finish).toBe(marked > outputCap ? 'length' : 'stop');
      }),
    );
  });

  it('draws lengths around the median', () => {
    const lengths = Array.from(
      { length: 401 },
      (_, index) => planCompletion(ask(`prompt ${index}`), planning).pieces.length,
    ).sort((left, right) => left - right);
    expect(lengths[200]).toBeGreaterThan(15);
    expect(lengths[200]).toBeLessThan(26);
  });

  it('fills the cap when the end of text is ignored', () => {
    const plan = planCompletion(ask('hello', { outputCap: 300, ignoreEos: true }), planning);
    expect(plan.pieces).toHaveLength(300);
    expect(plan.finish).toBe('length');
  });

  it('calls a tool with every property of its schema, streamed in several fragments', () => {
    const plan = planCompletion(ask('use the tool', { tool: weather }), planning);
    const parsed = JSON.parse(joinPieces(plan));
    expect(plan.finish).toBe('tool');
    expect(plan.pieces.length).toBeGreaterThan(3);
    expect(parsed).toEqual({
      city: expect.any(String),
      unit: expect.stringMatching(/^[CF]$/),
      days: expect.any(Number),
      tags: [expect.any(Boolean)],
    });
  });

  it('says length when the cap cuts the arguments of a tool', () => {
    const plan = planCompletion(ask('tool', { tool: weather, outputCap: 2 }), planning);
    expect(plan.pieces).toHaveLength(2);
    expect(plan.finish).toBe('length');
  });

  it('mixes in characters of many bytes when the prompt says unicode', () => {
    const text = joinPieces(planCompletion(ask('unicode [[tokens:200]]'), planning));
    expect(new TextEncoder().encode(text).length).toBeGreaterThan(text.length + 50);
  });
});
