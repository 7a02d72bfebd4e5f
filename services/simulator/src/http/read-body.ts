import type { IncomingMessage } from 'node:http';

export type ReadBody =
  | { readonly outcome: 'read'; readonly body: unknown }
  | { readonly outcome: 'not_json' }
  | { readonly outcome: 'too_large' }
  /** The client left before it had sent everything. */
  | { readonly outcome: 'gone' };

const parseJson = (bytes: Buffer): ReadBody => {
  try {
    return { outcome: 'read', body: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return { outcome: 'not_json' };
  }
};

export const readJsonBody = (request: IncomingMessage, maxBytes: number): Promise<ReadBody> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        chunks.length = 0;
        resolve({ outcome: 'too_large' });
        return;
      }
      chunks.push(chunk);
    });
    request.on('end', () => {
      const [only] = chunks;
      resolve(parseJson(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)));
    });
    request.on('close', () => resolve({ outcome: 'gone' }));
    request.on('error', () => resolve({ outcome: 'gone' }));
  });
