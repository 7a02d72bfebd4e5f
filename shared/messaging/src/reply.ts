// Both ends of a reply stream are machines without I/O: cores may import them from `@weir/messaging/reply`.
export { type Candidate, createReplyReader, type ReplyEvent, type ReplyReader } from './reply-reader.ts';
export { replySettings } from './reply-settings.ts';
export { createReplyWriter, type ReplyWriter, type ReplyWriterOptions } from './reply-writer.ts';
