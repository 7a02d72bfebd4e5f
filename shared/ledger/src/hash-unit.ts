/** SHA-256 over the chunks one after another, as 64 hex digits. */
export type Sha256 = (chunks: readonly Uint8Array[]) => string;

/** `previousHash` of the ledger's first commit. */
export const genesisHash = '0'.repeat(64);

const encoder = new TextEncoder();

const lengthOf = ({ length }: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
};

/**
 * `hash` of a commit: SHA-256 over the 64 hex digits of `previousHash` as ASCII, then, for each record of the unit in
 * the order of the stream, the length of its payload as four bytes, big-endian, and the payload as it is stored.
 * The lengths keep a byte from moving from one record to the next unseen. The commit itself is not hashed: what it says
 * about USAGE is held against USAGE.
 */
export const hashUnit = (previousHash: string, payloads: readonly Uint8Array[], sha256: Sha256): string =>
  sha256([encoder.encode(previousHash), ...payloads.flatMap((payload) => [lengthOf(payload), payload])]);
