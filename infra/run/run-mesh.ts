import { type NatsServer, startNatsServer } from '../nats/start-nats-server.ts';
import { createLeash, type Leash } from './leash.ts';
import type { StartPlan } from './prepare-start.ts';
import { StartFailure } from './run-task.ts';
import { serviceEnvironment } from './service-environment.ts';
import { openServiceLog, type ServiceLog } from './service-log.ts';
import { type ServiceName, type ServiceProcess, servicesOf, startServiceProcess } from './service-process.ts';
import { type Supervised, supervise } from './supervise.ts';

export interface RunningMesh {
  /** Resolves when every service takes work; rejects with the one line that says which does not, and why. */
  readonly ready: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Intake first, the bus last: what is in flight can end, and the ledger gets its last records. */
const stopOrder: readonly string[] = [
  'ingress',
  'all-in-one',
  'admin',
  'policy',
  'scheduler',
  'adapter',
  'metering',
  'exporter',
  'simulator',
  'nats',
];
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 10_000;
const leastGraceMs = 500;

interface Workshop {
  readonly plan: StartPlan;
  readonly leash: Leash;
  readonly report: (line: string) => void;
  readonly logs: ServiceLog[];
  readonly supervised: Supervised[];
  /** Until all were ready once, a death is a failed start: nothing is started again. */
  isUp: boolean;
}

const startNats = async (workshop: Workshop): Promise<NatsServer> => {
  const { plan, leash, report, logs, supervised } = workshop;
  const log = openServiceLog({ name: 'nats', folder: plan.state.logFolder });
  logs.push(log);
  const start = (port: number | undefined): Promise<NatsServer> =>
    startNatsServer({
      binary: plan.natsServer.path,
      storeFolder: plan.state.jetstreamFolder,
      ...(port === undefined ? {} : { port }),
      leash,
      onOutput: log.write,
    });
  const first = await start(plan.natsPort);
  // The services know its address: it comes back on the same port.
  supervised.push(
    supervise({ name: 'nats', first, again: () => start(first.port), isWanted: () => workshop.isUp, report }),
  );
  return first;
};

const startService = (name: ServiceName, natsUrl: string, workshop: Workshop): ServiceProcess => {
  const { plan, leash, report, logs, supervised } = workshop;
  const log = openServiceLog({
    name,
    folder: plan.state.logFolder,
    onNoteworthy: (line) => report(`${name}: ${line}`),
  });
  logs.push(log);
  const env = serviceEnvironment({ ...plan, name, inherited: process.env, natsUrl });
  const start = (): ServiceProcess =>
    startServiceProcess({ name, env, leash, readyTimeoutMs, onOutput: log.write });
  const first = start();
  supervised.push(
    supervise({ name, first, again: async () => start(), isWanted: () => workshop.isUp, report }),
  );
  return first;
};

const awaitReady = async (service: ServiceProcess, logFolder: string): Promise<void> => {
  const started = await service.started;
  if (started.outcome === 'ready') return;
  throw new StartFailure(
    `${service.name} did not start: ${started.reason} (log: ${logFolder}/${service.name}.log)`,
  );
};

const stopAll = async ({ supervised, logs, leash, plan }: Workshop): Promise<void> => {
  const deadlineMs = performance.now() + stopTimeoutMs;
  const ordered = supervised.toSorted(
    (left, right) => stopOrder.indexOf(left.name) - stopOrder.indexOf(right.name),
  );
  for (const one of ordered) await one.stop(Math.max(leastGraceMs, deadlineMs - performance.now()));
  await Promise.all(logs.map((log) => log.close()));
  leash.close();
  await plan.state.release();
};

/** Starts nats-server and every service, and keeps them running until `stop`. */
export const runMesh = (input: { plan: StartPlan; report: (line: string) => void }): RunningMesh => {
  const workshop: Workshop = { ...input, leash: createLeash(), logs: [], supervised: [], isUp: false };
  const stopping = new AbortController();
  const start = async (): Promise<void> => {
    const nats = await startNats(workshop);
    if (stopping.signal.aborted) return;
    const services = servicesOf(input.plan.layout).map((name) => startService(name, nats.url, workshop));
    await Promise.all(services.map((service) => awaitReady(service, input.plan.state.logFolder)));
    await input.plan.state.announce({ adminUrl: input.plan.adminUrl, natsUrl: nats.url });
    workshop.isUp = true;
  };
  const ready = start();
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopping.abort();
    // nats-server alone may still be on its way; the services are told to end while they start.
    if (workshop.supervised.length === 0) await ready.catch(() => undefined);
    await stopAll(workshop);
  };
  return {
    ready,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
};
