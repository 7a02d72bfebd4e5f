import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Env } from '@weir/runtime';

export interface CliSettings {
  readonly adminUrl: string;
  /** Undefined: none was found. */
  readonly adminToken: string | undefined;
  readonly natsUrl: string;
  readonly natsUser: string | undefined;
  readonly natsPassword: string | undefined;
}

/** The text of a file, or undefined when it cannot be read. */
export type ReadText = (file: string) => string | undefined;

const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const defaultAdminUrl = 'http://127.0.0.1:8081';
const defaultNatsUrl = 'nats://127.0.0.1:4222';

/** The mesh that `npm start` runs from this checkout says where it is. */
const readMesh = (text: string | undefined): { readonly adminUrl?: string; readonly natsUrl?: string } => {
  try {
    return JSON.parse(text ?? '{}');
  } catch {
    return {};
  }
};

const given = (env: Env, name: string): string | undefined => env[name]?.trim() || undefined;

export const readCliSettings = (env: Env, readText: ReadText): CliSettings => {
  const stateFolder = resolve(checkout, given(env, 'WEIR_STATE') ?? '.weir');
  const mesh = readMesh(readText(resolve(stateFolder, 'mesh.json')));
  const tokenFile = given(env, 'WEIR_ADMIN_TOKEN_FILE') ?? resolve(stateFolder, 'admin-token');
  return {
    adminUrl: (given(env, 'WEIR_ADMIN_URL') ?? mesh.adminUrl ?? defaultAdminUrl).replace(/\/+$/, ''),
    adminToken: given(env, 'WEIR_ADMIN_TOKEN') ?? (readText(tokenFile)?.trim() || undefined),
    natsUrl: given(env, 'NATS_URL') ?? mesh.natsUrl ?? defaultNatsUrl,
    natsUser: given(env, 'NATS_USER'),
    natsPassword: given(env, 'NATS_PASSWORD'),
  };
};
