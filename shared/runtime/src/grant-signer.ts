import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import { buckets } from '@weir/contracts';
import { getOrCreate, type NatsBus } from '@weir/messaging';
import { replicasOf } from './config-source.ts';
import type { ServiceContext } from './service-context.ts';
import { readSettings } from './settings.ts';
import { untilJetStream } from './until-jetstream.ts';

/** Signs and checks the text of grants (`grantText` of @weir/contracts). */
export interface GrantSigner {
  /** HMAC-SHA-256, base64url. */
  sign(text: string): string;
  /** Takes the same time wherever the two differ. */
  verify(text: string, mac: string): boolean;
}

const secretBytes = 32;
const minSecretChars = 32;

/**
 * The secret that all policies and adapters share: `WEIR_GRANT_SECRET`, or else one that the first of them
 * draws and keeps in key-value, so that a mesh needs no setting for it.
 * @throws SettingsError when the setting is too short to be a secret.
 */
export const loadGrantSecret = async (context: ServiceContext, bus: NatsBus): Promise<string> => {
  const settings = readSettings(context.env);
  const configured = settings.optionalText('WEIR_GRANT_SECRET');
  if (configured !== undefined && configured.length < minSecretChars) {
    settings.reject({
      name: 'WEIR_GRANT_SECRET',
      found: `${configured.length} characters`,
      expected: `at least ${minSecretChars} random characters`,
    });
  }
  settings.done();
  if (configured !== undefined) return configured;
  const target = { bucket: buckets.secrets, key: 'grant-secret', replicas: replicasOf(context) };
  const drawn = randomBytes(secretBytes).toString('base64url');
  return untilJetStream(context, () => getOrCreate(bus, target, drawn));
};

export const createGrantSigner = (secret: string): GrantSigner => {
  // A key object spares the set-up of the key at every signature.
  const key = createSecretKey(secret, 'utf8');
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return {
    sign: (text) => digest(text).toString('base64url'),
    verify: (text, mac) => {
      const expected = digest(text);
      const actual = Buffer.from(mac, 'base64url');
      return actual.byteLength === expected.byteLength && timingSafeEqual(actual, expected);
    },
  };
};
