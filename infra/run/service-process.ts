import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeExit, type OwnedProcess, startProcess } from './child-process.ts';
import type { Leash } from './leash.ts';

export const serviceNames = [
  'policy',
  'scheduler',
  'adapter',
  'metering',
  'ingress',
  'all-in-one',
  'admin',
  'exporter',
  'simulator',
] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What the service `all-in-one` is, in one process. */
export const requestPath: readonly ServiceName[] = ['policy', 'scheduler', 'adapter', 'ingress'];

/** How the services of a mesh are spread over processes. */
export const layouts = ['mesh', 'all-in-one'] as const;
export type Layout = (typeof layouts)[number];

/** One process for each. */
export const servicesOf = (layout: Layout): readonly ServiceName[] =>
  serviceNames.filter((name) => (layout === 'mesh' ? name !== 'all-in-one' : !requestPath.includes(name)));

/** What a service says of itself once it can take work. */
export interface Readiness {
  readonly instance: string;
  readonly healthPort: number;
}

export type ServiceStart =
  | ({ readonly outcome: 'ready' } & Readiness)
  | { readonly outcome: 'failed'; readonly reason: string };

export interface ServiceProcess extends OwnedProcess {
  readonly name: ServiceName;
  /** Settles once: at the service's own word, at its early death, or at the deadline. Never rejects. */
  readonly started: Promise<ServiceStart>;
}

export const checkout = fileURLToPath(new URL('../..', import.meta.url));

const entryPoint = (name: ServiceName): string => `${checkout}services/${name}/src/main.ts`;

const pinnedNode = `${checkout}node_modules/.bin/node`;
/** Tests may run on a Node that cannot run TypeScript; the services cannot. */
const nodeBinary = existsSync(pinnedNode) ? pinnedNode : process.execPath;

/** Node keeps what it compiled there, for the next start of the same code: most of a start is otherwise compiling. */
export const compileCache = `${checkout}node_modules/.cache/weir-compiled`;

const readMessage = (message: unknown): ServiceStart | undefined => {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined;
  const fields = message as Readonly<Record<string, unknown>>;
  if (message.type === 'failed')
    return { outcome: 'failed', reason: String(fields['message'] ?? 'no reason given') };
  if (message.type !== 'ready') return undefined;
  return {
    outcome: 'ready',
    instance: String(fields['instance'] ?? ''),
    healthPort: Number(fields['healthPort'] ?? 0),
  };
};

const awaitStart = (owned: OwnedProcess, timeoutMs: number): Promise<ServiceStart> =>
  new Promise((resolve) => {
    const deadline = setTimeout(
      () => resolve({ outcome: 'failed', reason: `not ready within ${timeoutMs / 1_000} s` }),
      timeoutMs,
    );
    const settle = (start: ServiceStart): void => {
      clearTimeout(deadline);
      resolve(start);
    };
    owned.child.on('message', (message) => {
      const start = readMessage(message);
      if (start !== undefined) settle(start);
    });
    void owned.exited.then((exit) =>
      settle({ outcome: 'failed', reason: `ended with ${describeExit(exit)}` }),
    );
  });

/** Starts one service as a process of its own. Each line that it logs goes to `onLine`. */
export const startServiceProcess = (input: {
  readonly name: ServiceName;
  readonly env: NodeJS.ProcessEnv;
  readonly leash: Leash;
  readonly readyTimeoutMs: number;
  readonly onOutput: (chunk: Buffer) => void;
}): ServiceProcess => {
  const owned = startProcess({
    command: nodeBinary,
    args: ['--disable-warning=ExperimentalWarning', entryPoint(input.name)],
    env: { NODE_COMPILE_CACHE: compileCache, ...input.env },
    leash: input.leash,
    ipc: true,
  });
  owned.child.stdout?.on('data', input.onOutput);
  owned.child.stderr?.on('data', input.onOutput);
  return { ...owned, name: input.name, started: awaitStart(owned, input.readyTimeoutMs) };
};
