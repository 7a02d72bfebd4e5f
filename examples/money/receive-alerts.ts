import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';

/** As much of an alert as is shown; docs/events.md has the rest. */
interface ThresholdEvent {
  readonly data: {
    readonly scope: string;
    readonly budget: string;
    readonly thresholdPerMille: number;
    readonly used: string;
    readonly limit: string;
  };
}

const secret = process.env['ALERT_SECRET'] ?? '';
if (!secret.startsWith('whsec_')) throw new Error('ALERT_SECRET: expected whsec_ and base64');
const key = Buffer.from(secret.slice('whsec_'.length), 'base64');

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** https://www.standardwebhooks.com; yours also refuses timestamps that are minutes old. */
const isSigned = ({ headers }: IncomingMessage, body: string): boolean => {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  const given = Buffer.from(String(headers['webhook-signature']));
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
};

const show = (text: string): void => {
  const { scope, budget, thresholdPerMille, used, limit } = (JSON.parse(text) as ThresholdEvent).data;
  process.stdout.write(`${scope} ${budget}: ${thresholdPerMille / 10} % reached, ${used} of ${limit}\n`);
};

const server = createServer((request, response) => {
  readBody(request).then(
    (body) => {
      const accepted = isSigned(request, body);
      if (accepted) show(body);
      response.writeHead(accepted ? 204 : 401).end();
    },
    () => response.destroy(),
  );
});
server.listen(Number(process.env['ALERT_PORT'] ?? 9099), '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`listening on ${typeof address === 'object' ? address?.port : address}\n`);
});
