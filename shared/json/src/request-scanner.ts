import { JsonLexer } from './json-lexer.ts';
import { maxRequestTokenBytes, RequestCollector } from './request-collector.ts';
import type { ScanResult, TextWishes } from './request-fields.ts';

export interface RequestScanner {
  /** The body is refused already: push no more and call `finish`. */
  readonly failed: boolean;
  /** The next piece of the body, split anywhere. Not kept. */
  push(bytes: Uint8Array): void;
  finish(): ScanResult;
}

/** Validates a request body and finds the fields that Weir acts on, in one pass over its bytes. */
export const createRequestScanner = ({
  maxDepth,
  ...wishes
}: { readonly maxDepth: number } & TextWishes): RequestScanner => {
  const collector = new RequestCollector(wishes);
  const { readsText } = collector;
  const lexer = new JsonLexer(collector, { maxDepth, maxTokenBytes: maxRequestTokenBytes, readsText });
  collector.lexer = lexer;
  return {
    get failed() {
      return lexer.problem !== undefined;
    },
    push: (bytes) => lexer.push(bytes),
    finish: () => {
      lexer.finish();
      if (lexer.problem) return { outcome: 'invalid', ...lexer.problem };
      return { outcome: 'scanned', fields: collector.fields() };
    },
  };
};
