import { createHash } from 'node:crypto';
import { type Env, readSettings, type SettingsReader } from '@weir/runtime';
import type { Credential } from './http/authenticate.ts';

export interface AdminSettings {
  readonly host: string;
  readonly port: number;
  readonly credentials: readonly Credential[];
  /** File that holds the token of the credential `admin`; drawn when there is none. Absent: none is used. */
  readonly tokenFile: string | undefined;
  /** File of the usage database. */
  readonly databaseFile: string;
  /** The installation, as usage events name it. */
  readonly source: string;
}

export const leastTokenChars = 32;

const credentialPattern = /^([A-Za-z0-9_-]{1,64}):([0-9a-f]{64})(?::(all|read))?$/;

export const toCredential = (name: string, token: string): Credential => ({
  name,
  sha256: createHash('sha256').update(token).digest('hex'),
  scope: 'all',
});

const readNamed = (settings: SettingsReader): Credential[] =>
  settings.list('WEIR_ADMIN_TOKENS', []).flatMap((item) => {
    const [, name, sha256, scope] = credentialPattern.exec(item) ?? [];
    if (name !== undefined && sha256 !== undefined)
      return [{ name, sha256, scope: scope === 'read' ? 'read' : 'all' } as const];
    settings.reject({
      name: 'WEIR_ADMIN_TOKENS',
      found: `an item of ${item.length} characters`,
      expected:
        '<name>:<sha256 of the token, hex>, with :read behind it for one that may not change anything',
    });
    return [];
  });

const readCredentials = (settings: SettingsReader, tokenFile: string | undefined): Credential[] => {
  const token = settings.optionalText('WEIR_ADMIN_TOKEN');
  const named = readNamed(settings);
  if (token !== undefined && token.length < leastTokenChars) {
    const found = `${token.length} characters`;
    settings.reject({ name: 'WEIR_ADMIN_TOKEN', found, expected: `${leastTokenChars} characters or more` });
  }
  if (token === undefined && named.length === 0 && tokenFile === undefined) {
    const expected = `a secret of ${leastTokenChars} characters or more, or WEIR_ADMIN_TOKEN_FILE or WEIR_ADMIN_TOKENS`;
    settings.reject({ name: 'WEIR_ADMIN_TOKEN', found: 'nothing', expected });
  }
  return token === undefined ? named : [toCredential('admin', token), ...named];
};

export const parseSettings = (env: Env): AdminSettings => {
  const settings = readSettings(env);
  const tokenFile = settings.optionalText('WEIR_ADMIN_TOKEN_FILE');
  const parsed = {
    host: settings.text('WEIR_HOST', '127.0.0.1'),
    port: settings.integer('WEIR_ADMIN_PORT', 8081, { max: 65_535 }),
    credentials: readCredentials(settings, tokenFile),
    tokenFile,
    databaseFile: settings.text('WEIR_ADMIN_DB', 'weir-admin.db'),
    source: settings.text('WEIR_SOURCE', '/gateways/weir'),
  };
  settings.done();
  return parsed;
};
