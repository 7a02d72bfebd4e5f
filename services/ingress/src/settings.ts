import { type Env, readSettings } from '@weir/runtime';

export interface IngressSettings {
  /** The configuration to publish at start. Absent: another ingress or `weir apply` does. */
  readonly configPath: string | undefined;
  /** Overrides of the listener in the configuration. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** Other processes of this machine may listen on the same port: the kernel deals connections out among them. */
  readonly reusePort: boolean;
  readonly inlineBytes: number;
  /** Bytes of request bodies that are held at once at most. */
  readonly maxHeldBytes: number;
  /**
   * When input tokens are counted with a tokenizer, not by characters: `auto` while a limit of the configuration needs
   * it. Limits of tenants that are managed at run time are not in there: `always` is for them.
   */
  readonly countTokens: 'auto' | 'always' | 'never';
  readonly drainTimeoutMs: number;
  /** After SIGTERM connections are still taken for so long, until balancers have noticed. */
  readonly lameDuckMs: number;
}

export const parseSettings = (env: Env): IngressSettings => {
  const settings = readSettings(env);
  const parsed = {
    configPath: settings.optionalText('WEIR_CONFIG'),
    host: settings.optionalText('WEIR_HOST'),
    port:
      settings.optionalText('WEIR_PORT') === undefined
        ? undefined
        : settings.integer('WEIR_PORT', 8080, { max: 65_535 }),
    reusePort: settings.flag('WEIR_REUSE_PORT', false),
    inlineBytes: settings.integer('WEIR_INLINE_BYTES', 64 * 1024, { max: 512 * 1024 }),
    maxHeldBytes: settings.integer('WEIR_MAX_HELD_BYTES', 512 * 1024 * 1024, { min: 1024 * 1024 }),
    countTokens: settings.choice('WEIR_COUNT_TOKENS', 'auto', ['auto', 'always', 'never']),
    drainTimeoutMs: settings.integer('WEIR_DRAIN_TIMEOUT_MS', 30_000),
    lameDuckMs: settings.integer('WEIR_LAME_DUCK_MS', 500, { max: 60_000 }),
  };
  settings.done();
  return parsed;
};
