import { createHash, randomBytes } from 'node:crypto';

/** A key for a client, and what the configuration says of it. */
export interface TestKey {
  readonly secret: string;
  readonly entry: { readonly id: string; readonly sha256: string };
}

export const createTestKey = (
  id: string,
  secret = `weir-${randomBytes(32).toString('base64url')}`,
): TestKey => ({
  secret,
  entry: { id, sha256: createHash('sha256').update(secret).digest('hex') },
});

/** The key of examples/quickstart, which is no secret. */
export const demoKey = createTestKey('demo', 'weir-demo-key');
