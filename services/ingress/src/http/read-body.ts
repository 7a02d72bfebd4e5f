import type { Readable } from 'node:stream';
import { tooLarge } from '../core/too-large.ts';
import { type BodyPieces, createBodyPieces } from './body-pieces.ts';

/** Joined at once below this; above, so much of it at a time. */
const sliceBytes = 65_536;

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Memory that was never written to costs a page fault for each 4 KiB: 10 MB at once may block for 70 ms. */
const joinInSlices = async (pieces: readonly Buffer[], bytes: number): Promise<Buffer> => {
  const joined = Buffer.allocUnsafeSlow(bytes);
  let end = 0;
  let pauseAt = sliceBytes;
  for (const piece of pieces) {
    end += piece.copy(joined, end);
    if (end < pauseAt) continue;
    await turnOfLoop();
    pauseAt = end + sliceBytes;
  }
  return joined;
};

const collect = (payload: Readable, limitBytes: number): Promise<BodyPieces> =>
  new Promise((resolve, reject) => {
    const pieces = createBodyPieces();
    const stop = (): void => {
      payload.off('data', onData).off('end', onEnd).off('error', onError);
    };
    const onData = (piece: Buffer): void => {
      if (pieces.bytes + piece.byteLength > limitBytes) return onError(tooLarge(limitBytes));
      pieces.add(piece);
    };
    const onEnd = (): void => {
      stop();
      resolve(pieces);
    };
    const onError = (error: Error): void => {
      stop();
      reject(error);
    };
    payload.on('data', onData).on('end', onEnd).on('error', onError);
  });

/**
 * A whole body, without blocking the event loop for the length of it. Bounded in time by whoever owns the connection.
 * @throws WeirError `body_too_large`, before it is read where the client tells its length.
 */
export const readBody = async (
  payload: Readable,
  limits: { readonly limitBytes: number; readonly contentLength: string | undefined },
): Promise<Buffer> => {
  const { limitBytes, contentLength } = limits;
  if (Number(contentLength ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const pieces = await collect(payload, limitBytes);
  const { bytes } = pieces;
  return bytes <= sliceBytes ? Buffer.concat(pieces.all(), bytes) : joinInSlices(pieces.all(), bytes);
};
