import fc from 'fast-check';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const toBytes = (text: string): Uint8Array => encoder.encode(text);

export const toText = (pieces: readonly Uint8Array[]): string => decoder.decode(Buffer.concat(pieces));

/** Any way to cut the bytes into reads, empty reads included. */
export const anyCut = (bytes: Uint8Array): fc.Arbitrary<Uint8Array[]> =>
  fc.array(fc.nat(bytes.byteLength), { maxLength: 12 }).map((cuts) => {
    const sorted = [0, ...cuts.toSorted((left, right) => left - right), bytes.byteLength];
    return sorted.slice(1).map((end, index) => bytes.slice(sorted[index], end));
  });

/** One byte a read. */
export const byteByByte = (bytes: Uint8Array): Uint8Array[] => [...bytes].map((byte) => Uint8Array.of(byte));
