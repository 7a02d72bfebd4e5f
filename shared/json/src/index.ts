export type { BodyEdit, BodyEditor } from './body-editor.ts';
export { createBodyEditor, editedLength } from './body-editor.ts';
export type { EmbeddingsEncoder } from './embeddings-encoder.ts';
export { createEmbeddingsEncoder } from './embeddings-encoder.ts';
export type { OutputCap, RequestMarks } from './request-edits.ts';
export { planRequestEdits, toRequestMarks } from './request-edits.ts';
export type {
  ByteRange,
  InvalidBody,
  OutputCapMark,
  OutputCapName,
  RequestFields,
  ScanResult,
  StreamOptionsField,
  TextSample,
  TextWishes,
} from './request-fields.ts';
export type { RequestScanner } from './request-scanner.ts';
export { createRequestScanner } from './request-scanner.ts';
export { scanBody } from './scan-body.ts';
export type { TextMembers } from './text-counter.ts';
export { createTextMembers } from './text-counter.ts';
export type { ValueExtractor } from './value-extractor.ts';
export { createValueExtractor } from './value-extractor.ts';
