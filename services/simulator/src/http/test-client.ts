/** For the tests of this folder: a client that knows nothing but HTTP. */

export interface ReceivedEvent {
  readonly event: string | undefined;
  /** Parsed JSON, or the text when it is none. */
  readonly data: ReturnType<typeof JSON.parse>;
}

export const post = (
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

const parseData = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const parseEvents = (text: string): readonly ReceivedEvent[] =>
  text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const fields = new Map(
        block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
      );
      return { event: fields.get('event'), data: parseData(fields.get('data') ?? '') };
    });

/** What arrived, and whether the answer came to its end. */
export const readAvailable = async (response: Response): Promise<{ text: string; ended: boolean }> => {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of response.body ?? []) text += decoder.decode(bytes, { stream: true });
    return { text, ended: true };
  } catch {
    return { text, ended: false };
  }
};
