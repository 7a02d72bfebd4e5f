import { describe, expect, it } from 'vitest';
import type { TapReport } from './response-tap.ts';
import { settleUsage } from './settle-usage.ts';

const nothing: TapReport = {
  usage: undefined,
  final: false,
  modelServed: undefined,
  serviceTier: undefined,
  contentEvents: 0,
  contentChars: 0,
};
const reported = { inputText: 10, inputTotal: 10, outputText: 5, outputTotal: 5 };

const settle = (
  report: Partial<TapReport>,
  rest: {
    served?: boolean;
    estimatedInput?: number | undefined;
    outputCap?: number;
    usesTokens?: boolean;
  } = {},
) => {
  const { anomalies, ...settled } = settleUsage({
    report: { ...nothing, ...report },
    served: true,
    estimatedInput: 8,
    outputCap: undefined,
    usesTokens: true,
    ...rest,
  });
  return anomalies.length === 0 ? settled : { ...settled, anomalies };
};

it("the provider's last word is taken as it is, even where we counted otherwise", () => {
  expect(settle({ usage: reported, final: true, contentEvents: 50 })).toEqual({
    usage: reported,
    quality: 'reported',
    revision: 1,
  });
});

describe('of an answer that was cut', () => {
  it('what was seen counts, when the provider had said less', () => {
    expect(settle({ usage: reported, contentEvents: 7 })).toEqual({
      usage: { ...reported, outputText: 7, outputTotal: 7 },
      quality: 'partial',
      revision: 0,
    });
  });

  it('what the provider had said counts, when less was seen', () => {
    expect(settle({ usage: reported, contentEvents: 2 }).usage).toEqual(reported);
  });

  it('the lanes still add up', () => {
    const usage = { inputTotal: 1, outputText: 1, outputReasoning: 10, outputAudio: 2, outputTotal: 13 };
    expect(settle({ usage, contentEvents: 20 }).usage).toMatchObject({
      outputText: 8,
      outputReasoning: 10,
      outputAudio: 2,
      outputTotal: 20,
    });
  });

  it('an output that nobody reported and nobody saw is unknown, not zero', () => {
    const usage = { inputText: 10, inputTotal: 10 };
    expect(settle({ usage }).usage).toEqual(usage);
  });
});

describe('when the provider reported nothing', () => {
  it('the estimate of the input and the events seen stand in', () => {
    expect(settle({ contentEvents: 3 })).toEqual({
      usage: { inputText: 8, inputTotal: 8, outputText: 3, outputTotal: 3 },
      quality: 'estimated',
      revision: 0,
    });
  });

  it('what cannot be estimated stays out', () => {
    expect(settle({}, { estimatedInput: undefined }).usage).toEqual({});
  });

  it('an attempt that was never served used nobody knows what', () => {
    expect(settle({ contentEvents: 3 }, { served: false })).toEqual({
      usage: {},
      quality: 'unknown',
      revision: 0,
    });
  });
});

describe('what was seen of an output', () => {
  it('is its events, or a token for every four characters, whichever is more', () => {
    const usage = { outputText: 3, outputTotal: 3 };
    expect(settle({ contentEvents: 3, contentChars: 12 }).usage).toMatchObject(usage);
    expect(settle({ contentEvents: 2, contentChars: 9 }).usage).toMatchObject(usage);
    expect(settle({ final: true, contentChars: 9 })).toMatchObject({ usage, quality: 'estimated' });
  });

  it('is guessed from its length up to the cap of the request, and counted beyond it', () => {
    const outputOf = (contentEvents: number, outputCap: number) =>
      settle({ contentEvents, contentChars: 80 }, { outputCap }).usage.outputTotal;
    expect([outputOf(3, 12), outputOf(15, 12), outputOf(3, 100)]).toEqual([12, 15, 20]);
  });

  it('stands in for one that the usage passes over, and for none that it says is zero', () => {
    const noInput = settle({ usage: { outputText: 5, outputTotal: 5 }, final: true, contentEvents: 2 });
    expect(noInput).toEqual({
      usage: { inputText: 8, inputTotal: 8, outputText: 5, outputTotal: 5 },
      quality: 'partial',
      revision: 0,
    });
    const inParts = { cacheRead: 5, outputText: 5, outputTotal: 5 };
    expect(settle({ usage: inParts, final: true })).toMatchObject({ usage: inParts, quality: 'reported' });
    const silent = settle({ usage: { inputTotal: 10 }, final: true, contentChars: 40 });
    expect(silent).toEqual({
      usage: { inputTotal: 10, outputText: 10, outputTotal: 10 },
      quality: 'partial',
      revision: 0,
    });
    const zero = { inputTotal: 10, outputText: 0, outputTotal: 0 };
    expect(settle({ usage: zero, final: true, contentChars: 40 })).toEqual({
      usage: zero,
      quality: 'reported',
      revision: 1,
    });
    // Vectors are no output.
    expect(settle({ usage: { inputTotal: 10 }, final: true }).quality).toBe('reported');
  });
});

it('lanes that exceed their total are cut to it, whether or not it was the last word, and it is told', () => {
  const odd = { inputText: 0, cacheRead: 90, inputTotal: 60, outputText: 5, outputTotal: 5 };
  const usage = { ...odd, cacheRead: 60 };
  const anomalies = ['input'];
  expect(settle({ usage: odd, final: true })).toEqual({ usage, quality: 'reported', revision: 1, anomalies });
  expect(settle({ usage: odd })).toEqual({ usage, quality: 'partial', revision: 0, anomalies });
});

describe('of an API that uses no tokens', () => {
  it('an answer has used none, whatever was estimated', () => {
    const none = { usage: { inputText: 0, inputTotal: 0 }, quality: 'reported', revision: 1 };
    expect(settle({ final: true }, { usesTokens: false })).toEqual(none);
    expect(settle({ usage: reported, final: true }, { usesTokens: false })).toEqual(none);
  });

  it('nothing is known where nothing was served', () => {
    expect(settle({}, { usesTokens: false, served: false }).quality).toBe('unknown');
  });
});
