const decoder = new TextDecoder();

export interface SseEvent {
  /** The `event:` field; empty when there is none. */
  readonly name: string;
  /** The `data:` lines joined by line feeds; undefined when there is none, as in a comment. */
  readonly data: string | undefined;
}

/** Reads one event's bytes. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export const readSseEvent = (raw: Uint8Array): SseEvent => {
  let name = '';
  let data: string | undefined;
  for (const line of decoder.decode(raw).split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    const field = line.slice(0, colon);
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (field === 'event') name = value;
  }
  return { name, data };
};

/** The JSON object in an event's data; undefined when it is none. */
export const readSseObject = (raw: Uint8Array): Record<string, unknown> | undefined => {
  const { data } = readSseEvent(raw);
  if (data === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};
