import { fastify } from 'fastify';
import { Pool } from 'undici';
import { serveRequests } from '../process/child-side.ts';
import { chatPath } from './competitor.ts';

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`);
const app = fastify({ logger: false });

const passedHeaders = ['content-type', 'content-length'];

app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post(chatPath, async (request, reply) => {
  const answer = await pool.request({
    path: chatPath,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: request.headers.authorization ?? '',
    },
    body: request.body as Buffer,
  });
  reply.code(answer.statusCode);
  for (const name of passedHeaders) {
    const value = answer.headers[name];
    if (value !== undefined) reply.header(name, value);
  }
  return reply.send(answer.body);
});

const address = await app.listen({ port: 0, host: '127.0.0.1' });
serveRequests({ port: Number(new URL(address).port) }, async () => undefined);
