/** Each content delta of the bench carries `#<index>:<micros>;`: its place, and when the upstream wrote it. */
const stampStart = '#';
const stampEnd = ';';

export const stampDelta = (index: number, sentMicros: number): string =>
  `${stampStart}${index}:${sentMicros}${stampEnd}`;

/** The byte that tells a first token from a role chunk or a comment; it occurs in no other place of a bench stream. */
export const stampStartByte = stampStart.charCodeAt(0);

/** Microseconds of a clock that all processes of one machine share. */
export const readSharedMicros = (): number => {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1_000_000 + Math.trunc(nanos / 1000);
};

export interface StampReader {
  /** Calls back once for each stamp that ends in these bytes. */
  readonly feed: (bytes: Buffer) => void;
}

export const createStampReader = (onStamp: (index: number, sentMicros: number) => void): StampReader => {
  let carry = '';
  return {
    feed: (bytes) => {
      const text = carry + bytes.toString('latin1');
      let start = text.indexOf(stampStart);
      while (start >= 0) {
        const end = text.indexOf(stampEnd, start);
        if (end < 0) break;
        const colon = text.indexOf(':', start);
        onStamp(Number(text.slice(start + 1, colon)), Number(text.slice(colon + 1, end)));
        start = text.indexOf(stampStart, end);
      }
      carry = start < 0 ? '' : text.slice(start);
    },
  };
};
