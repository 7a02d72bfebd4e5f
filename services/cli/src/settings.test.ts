import { expect, test } from 'vitest';
import { readCliSettings } from './settings.ts';

const nothing = (): undefined => undefined;

/** What `npm start` leaves in its state folder. */
const started = (file: string): string | undefined => {
  if (file === '/state/mesh.json')
    return '{"adminUrl":"http://127.0.0.1:9001","natsUrl":"nats://127.0.0.1:9002"}';
  return file === '/state/admin-token' ? 'of-the-file\n' : undefined;
};

test('without anything it is the usual addresses, and no token', () => {
  expect(readCliSettings({}, nothing)).toMatchObject({
    adminUrl: 'http://127.0.0.1:8081',
    adminToken: undefined,
    natsUrl: 'nats://127.0.0.1:4222',
  });
});

test('a mesh that npm start runs is found by its state folder', () => {
  expect(readCliSettings({ WEIR_STATE: '/state' }, started)).toMatchObject({
    adminUrl: 'http://127.0.0.1:9001',
    adminToken: 'of-the-file',
    natsUrl: 'nats://127.0.0.1:9002',
  });
});

test('what the environment says goes before it', () => {
  const env = {
    WEIR_STATE: '/state',
    WEIR_ADMIN_URL: 'https://admin.example/',
    WEIR_ADMIN_TOKEN: 'of-the-environment',
    NATS_URL: 'nats://bus:4222',
  };
  expect(readCliSettings(env, started)).toMatchObject({
    adminUrl: 'https://admin.example',
    adminToken: 'of-the-environment',
    natsUrl: 'nats://bus:4222',
  });
});

test('a state that cannot be read is as good as none', () => {
  expect(readCliSettings({}, () => '{broken').adminUrl).toBe('http://127.0.0.1:8081');
});
