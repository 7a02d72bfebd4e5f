import { CommandFailure } from './command.ts';

export interface AdminAnswer {
  /** Undefined when the answer is no JSON. */
  readonly body: unknown;
  readonly text: string;
  /** The revision, as `If-Match` takes it. Absent where there is none. */
  readonly etag: string | undefined;
}

export interface AdminRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Half a minute unless given. */
  readonly timeoutMs?: number;
}

/** The admin API. Every refusal is thrown as a CommandFailure with what the service said. */
export interface AdminClient {
  call(method: string, path: string, request?: AdminRequest): Promise<AdminAnswer>;
}

const defaultTimeoutMs = 30_000;

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const problemOf = (status: number, body: unknown): string => {
  const { error } = (body ?? {}) as {
    readonly error?: { readonly message?: string; readonly reason?: string };
  };
  if (error?.message === undefined) return `the admin service answered with status ${status}`;
  return `${error.reason ?? status}: ${error.message}`;
};

const toUrl = (url: string, path: string, query: AdminRequest['query'] = {}): string => {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  );
  return `${url}/v1${path}${given.length === 0 ? '' : `?${new URLSearchParams(given)}`}`;
};

const send = async (url: string, init: RequestInit, timeoutMs: number): Promise<Response> => {
  // fetch refuses it, and its message shows it.
  if (/^[a-z]+:\/\/[^/?#]*@/i.test(url))
    throw new CommandFailure('the URL of the admin service holds a name or a password; set WEIR_ADMIN_TOKEN');
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    const { origin } = new URL(url);
    throw new CommandFailure(`the admin service at ${origin} does not answer: ${cause}; set WEIR_ADMIN_URL`);
  }
};

export const createAdminClient = (input: { readonly url: string; readonly token: string }): AdminClient => ({
  call: async (method, path, { body, headers = {}, query, timeoutMs = defaultTimeoutMs } = {}) => {
    const init = {
      method,
      headers: {
        authorization: `Bearer ${input.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const response = await send(toUrl(input.url, path, query), init, timeoutMs);
    const text = await response.text();
    const parsed = parse(text);
    if (!response.ok) throw new CommandFailure(problemOf(response.status, parsed));
    return { body: parsed, text, etag: response.headers.get('etag') ?? undefined };
  },
});

/** A path with names in it. */
export const pathOf = (...steps: readonly string[]): string =>
  steps.map((step) => `/${encodeURIComponent(step)}`).join('');
