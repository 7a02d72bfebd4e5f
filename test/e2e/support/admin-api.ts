import { isAttached, type Mesh, type MeshOptions, waitFor } from '@weir/testing';
import { call, jsonHeaders, parseBody, type RawAnswer } from './http-call.ts';

/** Of the mesh that is attached to, or of those that tests start. */
export const adminToken = process.env['WEIR_E2E_ADMIN_TOKEN'] ?? 'an-admin-token-that-only-these-tests-use';

/** Whether there is an admin API to call: a mesh that runs elsewhere may have none that is known. */
export const hasAdmin = (): boolean => !isAttached() || (process.env['WEIR_E2E_ADMIN_URL'] ?? '') !== '';

/** A mesh with an admin service beside it. */
export const adminMesh = (options: MeshOptions = {}): MeshOptions => ({
  ...options,
  replicas: { ...options.replicas, admin: 1 },
  env: { WEIR_ADMIN_TOKEN: adminToken, ...options.env },
});

export interface AdminCall {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
  /** Another replica than the last. */
  readonly url?: string;
}

/** Calls the admin API of a mesh, on the replica that was started last. */
export const admin = (
  mesh: Mesh,
  method: string,
  path: string,
  input: AdminCall = {},
): Promise<RawAnswer> => {
  const { body, headers = {}, token = adminToken } = input;
  const url = input.url ?? mesh.adminUrl;
  return call(`${url}/v1${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : jsonHeaders),
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
};

export interface AuditLine {
  readonly position: number;
  readonly event: {
    readonly id: string;
    readonly type: string;
    readonly subject: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

/** The whole trail of an organisation, once it has so many events. */
export const auditOf = (mesh: Mesh, org: string, least: number): Promise<readonly AuditLine[]> =>
  waitFor(
    async () => {
      const lines: AuditLine[] = parseBody(await admin(mesh, 'GET', `/audit?org=${org}`)).data;
      return lines.length >= least ? lines : undefined;
    },
    { what: `${least} audit events of ${org}` },
  );
