import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createAuthenticate } from './authenticate.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const authenticate = createAuthenticate([
  { name: 'root', sha256: sha256('root-token'), scope: 'all' },
  { name: 'auditor', sha256: sha256('auditor-token'), scope: 'read' },
]);

test('knows each credential by its own token', () => {
  expect(authenticate('Bearer root-token')).toEqual({ outcome: 'known', name: 'root', scope: 'all' });
  expect(authenticate('bearer auditor-token')).toEqual({ outcome: 'known', name: 'auditor', scope: 'read' });
});

test.each([undefined, '', 'Basic cm9vdA==', 'Bearer', 'Bearer two words', `Bearer ${'x'.repeat(600)}`])(
  '%j is no credential',
  (header) => {
    expect(authenticate(header)).toMatchObject({ reason: 'missing_credential' });
  },
);

test.each(['root-toke', 'root-tokens', 'Root-token', sha256('root-token')])(
  'the token %j is not known',
  (token) => {
    expect(authenticate(`Bearer ${token}`)).toMatchObject({ reason: 'unknown_credential' });
  },
);
