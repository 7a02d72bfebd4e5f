import type { ServiceName } from './service-process.ts';

/** Secrets that few may see: a provider's key is of no use to anyone but the adapter. */
const ownSecrets: readonly (readonly [owners: readonly ServiceName[], secrets: readonly string[]])[] = [
  [
    ['adapter', 'all-in-one'],
    ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY'],
  ],
  [['admin'], ['WEIR_ADMIN_TOKEN', 'WEIR_ADMIN_TOKENS', 'WEIR_ADMIN_TOKEN_FILE']],
];

/** The environment of one service process of a mesh on this machine. */
export const serviceEnvironment = (input: {
  readonly name: ServiceName;
  readonly inherited: NodeJS.ProcessEnv;
  readonly natsUrl: string;
  readonly configFile: string;
  readonly ingressPort: number;
  readonly adminPort: number;
  /** Where the admin service keeps what can be made again. */
  readonly adminDatabase: string;
  /** File of the admin token. Absent: the environment has one. */
  readonly adminTokenFile?: string | undefined;
  readonly simulatorPort: number;
  readonly simulatorUrl: string;
}): NodeJS.ProcessEnv => {
  const environment: NodeJS.ProcessEnv = {
    WEIR_LOG_LEVEL: 'info',
    ...input.inherited,
    NATS_URL: input.natsUrl,
    WEIR_CONFIG: input.configFile,
    WEIR_PORT: String(input.ingressPort),
    WEIR_ADMIN_PORT: String(input.adminPort),
    WEIR_ADMIN_DB: input.adminDatabase,
    ...(input.adminTokenFile === undefined ? {} : { WEIR_ADMIN_TOKEN_FILE: input.adminTokenFile }),
    WEIR_HEALTH_PORT: '0',
    WEIR_SIM_PORT: String(input.simulatorPort),
    WEIR_SIM_URL: input.simulatorUrl,
  };
  for (const [owners, secrets] of ownSecrets) {
    if (!owners.includes(input.name)) for (const secret of secrets) delete environment[secret];
  }
  return environment;
};
