import { fileURLToPath } from 'node:url';

const pathOf = (name: string): string => fileURLToPath(new URL(`../testdata/tls/${name}`, import.meta.url));

/** Paths of PEM files; how they were made is told beside them. */
export const testCertificates = {
  /** Has signed the others. */
  ca: pathOf('ca.pem'),
  /** The only name of the server's certificate. */
  serverName: 'models.weir.test',
  server: { cert: pathOf('server.pem'), key: pathOf('server.key') },
  client: { cert: pathOf('client.pem'), key: pathOf('client.key') },
} as const;
