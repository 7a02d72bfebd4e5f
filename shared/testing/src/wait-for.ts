import { setTimeout as delay } from 'node:timers/promises';

type Falsy = false | 0 | '' | null | undefined;

const defaultTimeoutMs = 10_000;
const defaultIntervalMs = 20;

/**
 * Asks again and again until the condition holds, and returns what it gave.
 * A condition that throws does not hold yet; its last error is the cause of the failure at the deadline.
 */
export const waitFor = async <Value>(
  condition: () => Value | Promise<Value>,
  options: { readonly what: string; readonly timeoutMs?: number; readonly intervalMs?: number },
): Promise<Exclude<Value, Falsy>> => {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const deadlineMs = performance.now() + timeoutMs;
  let lastError: unknown;
  while (true) {
    try {
      const value = await condition();
      if (value) return value as Exclude<Value, Falsy>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadlineMs) {
      throw new Error(`waited ${timeoutMs} ms in vain for ${options.what}`, { cause: lastError });
    }
    await delay(options.intervalMs ?? defaultIntervalMs);
  }
};
