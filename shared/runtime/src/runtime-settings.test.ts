import { expect, it } from 'vitest';
import { readRuntimeSettings } from './runtime-settings.ts';
import { SettingsError } from './settings.ts';

it.each([undefined, '', '1'])('one replica of streams and buckets is what %j means', (given) => {
  expect(readRuntimeSettings({ WEIR_JS_REPLICAS: given }).jetStreamReplicas).toBe(1);
});

it.each(['three', '0', '-1', '6', '1.5'])('a number of replicas that is %j is refused, by name', (given) => {
  const read = () => readRuntimeSettings({ WEIR_JS_REPLICAS: given });
  expect(read).toThrow(SettingsError);
  expect(read).toThrow(/WEIR_JS_REPLICAS: found ".*", expected an integer between 1 and 5/);
});
