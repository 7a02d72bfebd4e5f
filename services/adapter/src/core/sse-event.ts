const decoder = new TextDecoder();

/** Views, not copies: the events of the hot path are searched natively and parsed only when they must be. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

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

/** The bytes of an event that are searched for its name before it is parsed. */
const nameSearchBytes = 96;
const nameLine = /^(?:\xEF\xBB\xBF)?event: ?([\w.]+)[\r\n]/m;

/**
 * The event's name, mostly without parsing the event; the `type` of its data where the `event:` line is missing.
 * Empty for comments and the like.
 */
export const readSseName = (raw: Uint8Array): string => {
  const start = asBuffer(raw).toString('latin1', 0, nameSearchBytes);
  const quick = nameLine.exec(start)?.[1];
  if (quick !== undefined) return quick;
  const { name } = readSseEvent(raw);
  if (name !== '') return name;
  const type = readSseObject(raw)?.['type'];
  return typeof type === 'string' ? type : '';
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
