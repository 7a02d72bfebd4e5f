import { readSettings, runService, type ServiceContext } from '../index.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const modes: Readonly<Record<string, (context: ServiceContext) => void>> = {
  plain: () => {},
  'fails-to-start': () => {
    throw new Error('no bus at\n 127.0.0.1:1');
  },
  'wrong-settings': ({ env }) => {
    const settings = readSettings(env);
    settings.text('SAMPLE_NAME');
    settings.integer('SAMPLE_MODE', 1);
    settings.done();
  },
  'slow-to-stop': ({ lifecycle }) => {
    lifecycle.onShutdown('drain', 'stuck', () => new Promise(() => {}), 60_000);
  },
  throws: () => {
    setTimeout(() => {
      throw new Error('a bug');
    });
  },
  rejects: () => {
    setTimeout(() => void Promise.reject(new Error('a bug')));
  },
  'gives-up': ({ lifecycle }) => {
    setTimeout(() => lifecycle.fail(new Error('the bus is gone')));
  },
  'never-ready': ({ health }) => {
    health.check('bus', () => 'not connected');
  },
  'ready-later': ({ health, now }) => {
    const readyAtMs = now() + 150;
    health.check('bus', () => now() >= readyAtMs || 'not connected');
  },
};

await runService({
  name: 'sample',
  build: async (context) => {
    context.lifecycle.onShutdown('disconnect', 'sample', () => say('disconnected'));
    modes[context.env['SAMPLE_MODE'] ?? 'plain']?.(context);
    context.logger.info({ headers: { authorization: 'Bearer topsecret' } }, 'built');
    // Something a real service has: a reason for the process to go on.
    setInterval(() => {}, 60_000);
  },
});
