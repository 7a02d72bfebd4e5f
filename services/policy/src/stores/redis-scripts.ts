import { readFileSync } from 'node:fs';

export const scriptNames = [
  'reserve',
  'settle',
  'extend',
  'finish',
  'release',
  'sweep',
  'read',
  'restore',
] as const;

export type ScriptName = (typeof scriptNames)[number];

/** Lua, complete. */
export type RedisScripts = Readonly<Record<ScriptName, string>>;

const readLua = (name: string): string => readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');

export const readRedisScripts = (): RedisScripts => {
  const shared = readLua('store');
  const complete = scriptNames.map((name) => [name, `${shared}\n${readLua(name)}`] as const);
  return Object.fromEntries(complete) as RedisScripts;
};
