import { createTestKey, type Mesh, startMesh } from '@weir/testing';
import { profileEnvironment } from '../profile/profile-environment.ts';
import { type Competitor, chatPath, type StartSettings } from './competitor.ts';
import { createLedgerWatch } from './ledger-watch.ts';
import { describeBus, describeLimitStore, meshProcesses } from './mesh-facts.ts';
import type { WeirVariant } from './weir-variants.ts';

const start = (
  variant: WeirVariant,
  { upstreamPort, profile }: StartSettings,
  key: ReturnType<typeof createTestKey>,
): Promise<Mesh> =>
  startMesh({
    simulators: 0,
    replicas: { metering: variant.ledger ? 1 : 0, 'all-in-one': variant.together },
    sharedPort: variant.together > 1,
    redis: variant.redis,
    config: variant.config(upstreamPort, key.entry),
    env: {
      NODE_ENV: 'production',
      WEIR_LOG_LEVEL: 'info',
      // One that the caller's environment names would be used without being measured.
      ...(variant.redis ? {} : { WEIR_REDIS_URL: '' }),
      ...(profile === undefined ? {} : profileEnvironment(profile.folder, `/services/${profile.role}/`)),
    },
  });

const describeLayout = ({ ledger, together }: WeirVariant): string => {
  const replicas = `one replica of each service${ledger ? '' : ' but metering'}`;
  if (together === 0) return replicas;
  return together === 1
    ? `${replicas}, those that a request passes in one process`
    : `${together} processes that share a port, each with one replica of all that a request passes; besides ${replicas}`;
};

const describe = async (variant: WeirVariant, mesh: Mesh): Promise<string> =>
  [
    `${variant.name}: ${describeLayout(variant)}, access log on, ${variant.does}`,
    await describeBus(mesh),
    ...(variant.redis ? [await describeLimitStore()] : []),
  ].join('; ');

/** A mesh of one replica of each service and a bus. */
export const createWeir = (variant: WeirVariant): Competitor => ({
  name: variant.name,
  onlyOnRequest: variant.onlyOnRequest,
  start: async (settings) => {
    const key = createTestKey('bench');
    const mesh = await start(variant, settings, key);
    const [metering] = mesh.services.metering;
    return {
      target: {
        port: Number(new URL(mesh.baseUrl).port),
        path: chatPath,
        headers: { authorization: `Bearer ${key.secret}` },
      },
      processes: meshProcesses(mesh, variant.redis),
      notes: [`${await describe(variant, mesh)}.`],
      ...(metering === undefined ? {} : createLedgerWatch(metering.healthUrl)),
      stop: mesh.stop,
    };
  },
});
