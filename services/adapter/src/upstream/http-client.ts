import type { UpstreamConfig } from '@weir/contracts';
import { Agent, type Dispatcher, Pool } from 'undici';
import { paceAnswer } from './paced-handler.ts';
import type { TlsOptions } from './read-tls.ts';

export interface UpstreamCall {
  readonly target: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Dispatcher.DispatchOptions['body'];
}

/** The only thing that opens sockets to one upstream: a pool of connections for each of its targets. */
export interface HttpClient {
  /** The handler hears of everything that follows, errors included. */
  dispatch(call: UpstreamCall, handler: Dispatcher.DispatchHandler): void;
  /**
   * Calls to a target that have yet to go out. Those whose attempt is over are among them until their turn comes:
   * undici takes none back.
   */
  waiting(target: string): number;
  /** For questions beside the calls, where they need this upstream's own TLS. Undefined: they do not. */
  readonly questions: Dispatcher | undefined;
  /** Connections open now. */
  connections(): number;
  /** Takes no more calls; ends when those under way have. */
  retire(): Promise<void>;
  /** Ends at once. */
  close(): Promise<void>;
}

interface TargetPool {
  readonly pool: Pool;
  /** Path of the base URL, without a slash at the end. */
  readonly basePath: string;
  waiting: number;
}

const openPool = (url: string, upstream: UpstreamConfig, tls: TlsOptions | undefined): TargetPool => {
  const base = new URL(url);
  const { connectionPool, timeouts } = upstream;
  const { maxRequestsPerConnection } = connectionPool;
  const pool = new Pool(base.origin, {
    connections: connectionPool.maxConnections,
    pipelining: connectionPool.pipelining,
    keepAliveTimeout: connectionPool.idleTimeoutMs,
    // What a server promises may shorten that, and no more.
    keepAliveMaxTimeout: connectionPool.idleTimeoutMs,
    headersTimeout: timeouts.headMs,
    bodyTimeout: timeouts.idleMs,
    connect: { ...tls, timeout: timeouts.connectMs },
    ...(maxRequestsPerConnection === undefined ? {} : { maxRequestsPerClient: maxRequestsPerConnection }),
  });
  return { pool, basePath: base.pathname.replace(/\/$/, ''), waiting: 0 };
};

/** `https://host/v1` and `/v1/chat` are meant to meet in one `/v1`. */
const joinPath = (basePath: string, path: string): string =>
  basePath !== '' && (path === basePath || path.startsWith(`${basePath}/`)) ? path : `${basePath}${path}`;

/** A call goes out once, though undici may begin it again over another connection. */
const countWaiting = (
  target: TargetPool,
  handler: Dispatcher.DispatchHandler,
): Dispatcher.DispatchHandler => {
  target.waiting += 1;
  let waits = true;
  const leave = (): void => {
    if (waits) target.waiting -= 1;
    waits = false;
  };
  return {
    ...handler,
    onRequestStart: (controller, context) => {
      leave();
      handler.onRequestStart?.(controller, context);
    },
    onResponseError: (controller, error) => {
      leave();
      handler.onResponseError?.(controller, error);
    },
  };
};

export const createHttpClient = (upstream: UpstreamConfig, tls?: TlsOptions): HttpClient => {
  const pools = new Map(upstream.targets.map(({ name, url }) => [name, openPool(url, upstream, tls)]));
  const questions = tls && new Agent({ pipelining: 1, connect: tls });
  const poolOf = (target: string): TargetPool => {
    const found = pools.get(target);
    if (!found) throw new Error(`no target ${target}`);
    return found;
  };
  return {
    dispatch: (call, handler) => {
      const target = poolOf(call.target);
      const { pool, basePath } = target;
      const options: Dispatcher.DispatchOptions = {
        method: call.method as Dispatcher.HttpMethod,
        path: joinPath(basePath, call.path),
        headers: call.headers,
        body: call.body ?? null,
        // A stalled answer must not hold up another one behind it.
        blocking: upstream.connectionPool.pipelining <= 1,
      };
      pool.dispatch(options, countWaiting(target, paceAnswer(handler)));
    },
    waiting: (target) => poolOf(target).waiting,
    questions,
    connections: () => [...pools.values()].reduce((sum, { pool }) => sum + pool.stats.connected, 0),
    retire: async () => {
      await Promise.all([questions?.close(), ...[...pools.values()].map(({ pool }) => pool.close())]);
    },
    close: async () => {
      await Promise.all([questions?.destroy(), ...[...pools.values()].map(({ pool }) => pool.destroy())]);
    },
  };
};
