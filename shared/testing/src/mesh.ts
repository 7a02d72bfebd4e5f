import type { Exit } from '../../../infra/run/child-process.ts';
import type { ServiceName } from '../../../infra/run/service-process.ts';
import type { TestNats } from './start-nats.ts';
import type { TestRedis } from './start-redis.ts';

export type { Exit, ServiceName };

/** One process of the mesh under test. */
export interface MeshService {
  readonly name: ServiceName;
  readonly instance: string;
  readonly pid: number;
  /** Base of `/health/live`, `/health/ready` and `/metrics`. */
  readonly healthUrl: string;
  /** Where it serves its clients: the ingress, the all-in-one, the admin API and the simulator only. */
  readonly url?: string;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly exited: Promise<Exit>;
  /** The last lines that it logged. */
  readonly log: () => string;
}

/** A provider stand-in. Of a mesh that was attached to, only the address is known. */
export interface MeshSimulator {
  readonly url: string;
}

/** A whole mesh, started for a test or found running. */
export interface Mesh {
  /** True where the mesh runs elsewhere: it can be called, its processes cannot be touched. */
  readonly attached: boolean;
  readonly baseUrl: string;
  /** One for each ingress, those within an all-in-one included. */
  readonly baseUrls: readonly string[];
  /** The admin API, of the replica that was started last. Empty: there is none. */
  readonly adminUrl: string;
  readonly simulators: readonly MeshSimulator[];
  /** Empty lists when attached. Those added later are in it, those killed stay in it. */
  readonly services: Readonly<Record<ServiceName, readonly MeshService[]>>;
  /** Starts one more replica, with variables of its own if given, and waits until it is ready. */
  readonly add: (name: ServiceName, env?: Readonly<Record<string, string>>) => Promise<MeshService>;
  /** The bus. @throws when attached. */
  readonly nats: () => TestNats;
  /** Where limits are kept. @throws when attached, and where limits are kept in policy itself. */
  readonly redis: () => TestRedis;
  /** Ends every process. When attached, does nothing. */
  readonly stop: () => Promise<void>;
}

export const noServices = (): Record<ServiceName, MeshService[]> => ({
  ingress: [],
  'all-in-one': [],
  policy: [],
  scheduler: [],
  adapter: [],
  metering: [],
  admin: [],
  exporter: [],
  simulator: [],
});
