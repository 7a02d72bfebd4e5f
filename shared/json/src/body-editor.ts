/** Replaces the bytes `[start, end)` of the original body. An insertion has `start === end`. */
export interface BodyEdit {
  readonly start: number;
  readonly end: number;
  readonly replacement: Uint8Array;
}

export interface BodyEditor {
  /** The edited bytes for this piece of the original. Parts may be views of `bytes`. */
  push(bytes: Uint8Array): Uint8Array[];
  /** Edits that sit at the very end of the body. Throws when the body was shorter than an edit says. */
  finish(): Uint8Array[];
}

const requireOrder = (edits: readonly BodyEdit[]): void => {
  let behind = 0;
  for (const { start, end } of edits) {
    if (start < behind || end < start) throw new Error(`edit ${start}..${end} overlaps or is out of order`);
    behind = end;
  }
};

/** Bytes of the body after the edits, given its original length. */
export const editedLength = (totalBytes: number, edits: readonly BodyEdit[]): number =>
  edits.reduce((sum, edit) => sum + edit.replacement.byteLength - (edit.end - edit.start), totalBytes);

/** Splices a streamed body. `edits` are sorted and do not overlap; offsets are those of the original. */
export const createBodyEditor = (edits: readonly BodyEdit[]): BodyEditor => {
  requireOrder(edits);
  let next = 0;
  let copied = 0;
  let seen = 0;

  const push = (bytes: Uint8Array): Uint8Array[] => {
    const base = seen;
    seen += bytes.byteLength;
    const parts: Uint8Array[] = [];
    const copyUntil = (offset: number): void => {
      if (offset > copied) parts.push(bytes.subarray(copied - base, offset - base));
      copied = Math.max(copied, offset);
    };
    for (let edit = edits[next]; edit !== undefined && edit.start < seen; edit = edits[next]) {
      copyUntil(edit.start);
      parts.push(edit.replacement);
      copied = edit.end;
      next += 1;
    }
    copyUntil(seen);
    return parts;
  };

  const finish = (): Uint8Array[] => {
    const rest = edits.slice(next);
    next = edits.length;
    if (copied > seen || rest.some((edit) => edit.end > seen))
      throw new Error('the body ended before an edit');
    return rest.map((edit) => edit.replacement);
  };

  return { push, finish };
};
