import type { ServiceName } from './service-process.ts';

/** Secrets that one service alone may see: a provider's key is of no use to anyone but the adapter. */
const adapterOnly = ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY'] as const;

/** The environment of one service process of a mesh on this machine. */
export const serviceEnvironment = (input: {
  readonly name: ServiceName;
  readonly inherited: NodeJS.ProcessEnv;
  readonly natsUrl: string;
  readonly configFile: string;
  readonly ingressPort: number;
  readonly simulatorPort: number;
  readonly simulatorUrl: string;
}): NodeJS.ProcessEnv => {
  const environment: NodeJS.ProcessEnv = {
    WEIR_LOG_LEVEL: 'info',
    ...input.inherited,
    NATS_URL: input.natsUrl,
    WEIR_CONFIG: input.configFile,
    WEIR_PORT: String(input.ingressPort),
    WEIR_HEALTH_PORT: '0',
    WEIR_SIM_PORT: String(input.simulatorPort),
    WEIR_SIM_URL: input.simulatorUrl,
  };
  if (input.name !== 'adapter') for (const secret of adapterOnly) delete environment[secret];
  return environment;
};
