import type { RequestFields, TextWishes } from './request-fields.ts';
import { TextSampler } from './text-sampler.ts';
import { WordCounter } from './word-counter.ts';

/** Looks at the text of string values as it passes, as far as somebody wants to know. */
export interface TextWatch {
  push(bytes: Uint8Array, from: number, to: number): void;
  endString(): void;
  result(): Pick<RequestFields, 'words' | 'sample'>;
}

/** Undefined when nobody wants to know anything: then a scan does not look. */
export const createTextWatch = ({ countWords, sampleText }: TextWishes): TextWatch | undefined => {
  if (!countWords && !sampleText) return undefined;
  const counter = countWords ? new WordCounter() : undefined;
  const sampler = sampleText ? new TextSampler() : undefined;
  return {
    push: (bytes, from, to) => {
      counter?.push(bytes, from, to);
      sampler?.push(bytes, from, to);
    },
    endString: () => {
      counter?.endString();
      sampler?.endLine();
    },
    result: () => ({
      ...(counter && { words: counter.words }),
      ...(sampler && { sample: sampler.sample() }),
    }),
  };
};
