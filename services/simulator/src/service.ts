import type { Build } from '@weir/runtime';
import { readSettings } from './settings.ts';
import { startSimulator } from './start-simulator.ts';

const closeTimeoutMs = 2_000;

export const build: Build = async (context) => {
  const settings = readSettings(context.env);
  const simulator = await startSimulator({ ...settings, instance: context.instance });
  context.lifecycle.onShutdown('stop-intake', 'simulator', () => simulator.close(), closeTimeoutMs);
  context.health.check('simulator', () => true);
  context.logger.info({ port: simulator.port }, 'simulator listening');
};
