import type { LoadTarget } from './jobs.ts';

const system =
  'You are the assistant of a small library. Answer in one paragraph, name the shelf, and say when you are not sure.';
const question =
  'A reader asks for a book on rivers and the people who build weirs in them. She has read two about dams, liked the ' +
  'one with maps, and would like something shorter this time. What do you suggest, and on which shelf does it stand?';

/** The whole request as it goes over the wire, built once for each job. */
export const buildChatRequest = (target: LoadTarget, chat: { model: string; stream: boolean }): Buffer => {
  const body = JSON.stringify({
    model: chat.model,
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: question },
    ],
    max_tokens: 256,
    temperature: 0.2,
    ...(chat.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  });
  const headers = Object.entries({
    host: `127.0.0.1:${target.port}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...target.headers,
  });
  const lines = [`POST ${target.path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
};
