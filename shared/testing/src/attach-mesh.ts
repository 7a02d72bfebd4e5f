import { type Mesh, noServices } from './mesh.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether the tests run against a mesh that somebody else started, such as docker compose. */
export const isAttached = (env: Environment = process.env): boolean =>
  (env['WEIR_E2E_BASE_URL'] ?? '') !== '';

/** For `describe.skipIf(isAttached())`: why a file cannot run there. */
export const attachedReason = 'needs to start and kill processes, and the mesh under test runs elsewhere';

/** The mesh at WEIR_E2E_BASE_URL, with the simulator at WEIR_E2E_SIM_URL and the admin API at WEIR_E2E_ADMIN_URL. */
export const attachMesh = (env: Environment = process.env): Mesh => {
  const urlIn = (name: string): string => (env[name] ?? '').replace(/\/+$/, '');
  const baseUrl = urlIn('WEIR_E2E_BASE_URL');
  const simulatorUrl = urlIn('WEIR_E2E_SIM_URL');
  return {
    attached: true,
    baseUrl,
    baseUrls: [baseUrl],
    adminUrl: urlIn('WEIR_E2E_ADMIN_URL'),
    simulators: simulatorUrl === '' ? [] : [{ url: simulatorUrl }],
    services: noServices(),
    add: () => Promise.reject(new Error(attachedReason)),
    nats: () => {
      throw new Error(attachedReason);
    },
    redis: () => {
      throw new Error(attachedReason);
    },
    stop: () => Promise.resolve(),
  };
};
