import { flushLogger } from './logger.ts';
import { type OpenService, openService } from './open-service.ts';
import { onParentGone, tellParent } from './parent-process.ts';
import type { Build } from './service-context.ts';
import { SettingsError } from './settings.ts';
import { listenToSignals } from './signals.ts';

/** EX_CONFIG of sysexits.h: restarting will not help. */
const settingsExitCode = 78;
const failureExitCode = 1;
const readinessPollMs = 25;
const lastFlushTimeoutMs = 2_000;

const exitCodeOf = (error: unknown): number =>
  error instanceof SettingsError ? settingsExitCode : failureExitCode;

/** For the person at the terminal. A stack, where there is one, goes to the log. */
const reportFailedStart = async (name: string, error: unknown): Promise<void> => {
  const text = error instanceof Error ? error.message : String(error);
  const message = error instanceof SettingsError ? text : text.replace(/\s*\n\s*/g, ' ');
  process.stderr.write(`weir ${name}: cannot start. ${message}\n`);
  await tellParent({ type: 'failed', message });
};

/** Ends the process when the shut-down ends, or when its time is over. Returns how to ask for one. */
const governProcess = ({ context, settings }: OpenService) => {
  const { lifecycle, logger } = context;
  let exitCode = 0;

  const exitLate = (): never => {
    logger.fatal({ timeoutMs: settings.shutdownTimeoutMs }, 'did not shut down in time');
    process.exit(failureExitCode);
  };
  lifecycle.stopSignal.addEventListener('abort', () => {
    setTimeout(exitLate, settings.shutdownTimeoutMs);
  });

  const exit = async (): Promise<never> => {
    const finalCode = lifecycle.failure === undefined ? exitCode : Math.max(exitCode, failureExitCode);
    setTimeout(() => process.exit(finalCode), lastFlushTimeoutMs);
    await flushLogger(logger);
    process.exit(finalCode);
  };
  void lifecycle.ended.then(exit);

  return (reason: string, code: number): void => {
    exitCode = Math.max(exitCode, code);
    if (lifecycle.stopSignal.aborted) return;
    logger.info({ reason }, 'shutting down');
    void lifecycle.shutdown();
  };
};

type ShutDown = ReturnType<typeof governProcess>;

const listenToProcess = ({ context }: OpenService, shutDown: ShutDown): void => {
  const { logger } = context;
  listenToSignals({
    stop: (signal) => shutDown(signal, 0),
    exitNow: (signal, exitCode) => {
      logger.warn({ signal }, 'exiting at once, on a second signal');
      process.exit(exitCode);
    },
  });
  const onFault = (fault: string) => (error: unknown) => {
    logger.fatal({ err: error }, fault);
    shutDown(fault, failureExitCode);
  };
  process.on('uncaughtException', onFault('uncaught exception'));
  process.on('unhandledRejection', onFault('unhandled rejection'));
  // Nobody else would stop an orphan.
  onParentGone(() => shutDown('the parent process is gone', 0));
};

const announceReadiness = ({ context, healthPort }: OpenService): void => {
  const { name, instance, health, lifecycle, logger } = context;
  const timer = setInterval(() => {
    if (lifecycle.stopSignal.aborted) {
      clearInterval(timer);
    } else if (health.status().outcome === 'ready') {
      clearInterval(timer);
      logger.info({ healthPort }, 'ready');
      void tellParent({ type: 'ready', name, instance, healthPort });
    }
  }, readinessPollMs);
};

/** The whole life of a service's process. Resolves when the service is built; the process ends by itself. */
export const runService = async ({ name, build }: { name: string; build: Build }): Promise<void> => {
  let service: OpenService;
  try {
    service = await openService({ name, env: process.env, ownsProcess: true });
  } catch (error) {
    await reportFailedStart(name, error);
    process.exit(exitCodeOf(error));
  }
  const shutDown = governProcess(service);
  listenToProcess(service, shutDown);
  try {
    await service.build(build);
  } catch (error) {
    // A service that is told to stop while it starts may well fail to start: that is not news.
    if (service.context.lifecycle.stopSignal.aborted) return;
    if (!(error instanceof SettingsError)) service.context.logger.fatal({ err: error }, 'cannot start');
    await reportFailedStart(name, error);
    shutDown('failed to start', exitCodeOf(error));
    return;
  }
  announceReadiness(service);
};
