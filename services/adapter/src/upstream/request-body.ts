import { Readable } from 'node:stream';
import type { EnvelopeMeta } from '@weir/contracts';
import { type BodyEdit, createBodyEditor, editedLength } from '@weir/json';
import { type Bus, pullBody } from '@weir/messaging';

/** The body did not come from the ingress: its client is gone, or the bus is. */
export class BodyLostError extends Error {
  override readonly name = 'BodyLostError';
}

export interface UpstreamBody {
  readonly bytes: number;
  /** What undici sends. Null when there is no body. */
  readonly content: Uint8Array | Readable | null;
}

async function* edited(
  pieces: AsyncIterable<Uint8Array>,
  edits: readonly BodyEdit[],
): AsyncGenerator<Uint8Array> {
  const editor = createBodyEditor(edits);
  try {
    for await (const piece of pieces) yield* editor.push(piece);
    yield* editor.finish();
  } catch (error) {
    throw new BodyLostError('the request body could not be pulled from the ingress', { cause: error });
  }
}

/** The client's body with the edits applied; inline at once, a large one pulled chunk by chunk as it is sent. */
export const toUpstreamBody = (
  meta: EnvelopeMeta,
  inline: Uint8Array,
  edits: readonly BodyEdit[],
  bulk: Bus,
): UpstreamBody => {
  const bytes = editedLength(meta.body.bytes, edits);
  if (bytes === 0) return { bytes, content: null };
  if (meta.body.where === 'ingress') {
    const pieces = pullBody(bulk, meta.body.subject, meta.body.bytes);
    return { bytes, content: Readable.from(edited(pieces, edits), { objectMode: false }) };
  }
  if (edits.length === 0) return { bytes, content: inline };
  const editor = createBodyEditor(edits);
  return { bytes, content: Buffer.concat([...editor.push(inline), ...editor.finish()]) };
};
