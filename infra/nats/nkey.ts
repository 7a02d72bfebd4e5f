import { generateKeyPairSync } from 'node:crypto';

/** https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth */
export interface UserKey {
  /** `U…`: for the server's configuration. */
  readonly publicKey: string;
  /** `SU…`: for the user alone. */
  readonly seed: string;
}

const seedPrefix = 18 << 3;
const userPrefix = 20 << 3;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const toBase32 = (bytes: Uint8Array): string => {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
};

/** CRC-16/XMODEM. */
const checksum = (bytes: Uint8Array): number => {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1)
      sum = ((sum & 0x8000 ? (sum << 1) ^ 0x1021 : sum << 1) & 0xffff) >>> 0;
  }
  return sum;
};

const encode = (prefix: readonly number[], key: Uint8Array): string => {
  const payload = Uint8Array.from([...prefix, ...key]);
  const sum = checksum(payload);
  return toBase32(Uint8Array.from([...payload, sum & 0xff, sum >> 8]));
};

/** A new key of a user: the server never sees the half that proves it. */
export const createUserKey = (): UserKey => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d: secret = '', x: open = '' } = privateKey.export({ format: 'jwk' });
  return {
    publicKey: encode([userPrefix], Buffer.from(open, 'base64url')),
    // The kind of the key is spread over the two bytes of the prefix.
    seed: encode([seedPrefix | (userPrefix >> 5), (userPrefix & 31) << 3], Buffer.from(secret, 'base64url')),
  };
};
