import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPromptBuilder, hashBlocks } from './prompt.ts';

describe('a prompt', () => {
  it('counts four characters as a token, rounded up, and never none', () => {
    const prompt = createPromptBuilder();
    expect(prompt.build().tokens).toBe(1);
    prompt.add('system', 'abcd');
    prompt.add('user', 'e');
    expect(prompt.build().tokens).toBe(2);
    prompt.addTokens('user', [1, 2, 3]);
    expect(prompt.build().tokens).toBe(5);
  });

  it('takes the last marker, and bounds it', () => {
    const prompt = createPromptBuilder();
    prompt.add('system', '[[tokens:3]] [[tokens:7]]');
    expect(prompt.build().markedTokens).toBe(7);
    prompt.add('user', 'no marker');
    expect(prompt.build().markedTokens).toBe(7);
    prompt.add('user', '[[tokens:999999999]]');
    expect(prompt.build().markedTokens).toBe(1_000_000);
  });

  it('has another hash when a role or a text differs', () => {
    const hashOf = (role: string, text: string) => {
      const prompt = createPromptBuilder();
      prompt.add(role, text);
      return prompt.build().hash;
    };
    expect(hashOf('user', 'a')).toEqual(hashOf('user', 'a'));
    expect(hashOf('user', 'a')).not.toEqual(hashOf('user', 'b'));
    expect(hashOf('user', 'a')).not.toEqual(hashOf('system', 'a'));
  });
});

describe('block hashes', () => {
  it('do not depend on how the text is cut into messages', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 600 }), fc.nat(600), (text, place) => {
        expect(hashBlocks([text.slice(0, place), text.slice(place)], 16)).toEqual(hashBlocks([text], 16));
      }),
    );
  });

  it('agree exactly as far as the texts do', () => {
    const shared = 'x'.repeat(128);
    const left = hashBlocks([`${shared}left${'y'.repeat(60)}`], 16);
    const right = hashBlocks([`${shared}right${'y'.repeat(60)}`], 16);
    expect(left).toHaveLength(3);
    expect(left.slice(0, 2)).toEqual(right.slice(0, 2));
    expect(left[2]).not.toBe(right[2]);
  });
});
