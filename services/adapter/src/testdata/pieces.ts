const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const toBytes = (text: string): Uint8Array => encoder.encode(text);

export const toText = (pieces: readonly Uint8Array[]): string => decoder.decode(Buffer.concat(pieces));

/** The bytes in reads of any size, empty ones included. */
export const cutAt = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const ends = places.map((place) => place % (bytes.byteLength + 1)).toSorted((left, right) => left - right);
  return [...ends, bytes.byteLength].map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
};

/** One byte a read. */
export const byteByByte = (bytes: Uint8Array): Uint8Array[] => [...bytes].map((byte) => Uint8Array.of(byte));
