import { connectNatsBus, type NatsBus } from '@weir/messaging';
import type { ServiceContext } from './service-context.ts';
import { readSettings } from './settings.ts';

/**
 * Connects a service to the bus and ties the connection to its health and life.
 * `purpose` tells the connections of one process apart in the server's monitoring.
 */
export const connectMesh = async (context: ServiceContext, purpose: string): Promise<NatsBus> => {
  const settings = readSettings(context.env);
  const servers = settings.text('NATS_URL', 'nats://127.0.0.1:4222').split(',');
  const user = settings.text('NATS_USER', '');
  const password = settings.text('NATS_PASSWORD', '');
  settings.done();
  const onError = (error: unknown, where: string): void =>
    context.logger.error({ err: error, where }, 'bus error');
  const connected = await connectNatsBus({
    servers,
    name: `${context.instance}:${purpose}`,
    ...(user === '' ? {} : { user, password }),
    onError,
    onClosed: (error) => {
      context.logger.fatal({ err: error }, 'the bus connection is closed for good');
      context.lifecycle.fail(new Error('the bus connection is closed for good', { cause: error }));
    },
  });
  const bus = context.exchange?.join(connected, onError) ?? connected;
  bus.onStatus((status) => context.logger.warn({ purpose }, `bus ${status}`));
  context.health.check(`nats-${purpose}`, () => bus.connected || 'not connected to NATS');
  context.lifecycle.onShutdown('disconnect', `bus ${purpose}`, () => bus.close(3_000), 4_000);
  return bus;
};
