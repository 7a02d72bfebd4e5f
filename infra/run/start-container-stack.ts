import { DockerComposeEnvironment, Wait } from 'testcontainers';
import { StartFailure } from './run-task.ts';
import { checkout } from './service-process.ts';

/** The compose stack, for the length of a test run. */
export interface ContainerStack {
  /** Tells the tests where it is. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

const startTimeoutMs = 300_000;
const ingressPort = 8080;
const simulatorPort = 8090;

/** Builds and starts docker-compose.yml on free ports and waits until it is healthy. */
export const startContainerStack = async (): Promise<ContainerStack> => {
  const stack = await new DockerComposeEnvironment(checkout, 'docker-compose.yml')
    .withBuild()
    .withEnvironment({ WEIR_PORT: '0', WEIR_ADMIN_PORT: '0' })
    .withDefaultWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(startTimeoutMs)
    .up()
    .catch((error: unknown) => {
      throw new StartFailure(
        `WEIR_TEST_CONTAINERS=1, but the compose stack does not start: ${String(error)}; check that "docker compose up --build --wait" does`,
      );
    });
  const ingress = stack.getContainer('ingress-1');
  const simulator = stack.getContainer('simulator-1');
  // Only the ingress is published, on loopback; on Linux the others can be reached on the network of the stack.
  const [network = ''] = simulator.getNetworkNames();
  return {
    env: {
      WEIR_E2E_BASE_URL: `http://127.0.0.1:${ingress.getMappedPort(ingressPort)}`,
      WEIR_E2E_SIM_URL: `http://${simulator.getIpAddress(network)}:${simulatorPort}`,
    },
    stop: async () => {
      await stack.down({ removeVolumes: true });
    },
  };
};
