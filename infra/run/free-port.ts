import { createServer } from 'node:net';

/** Whether this process could listen there now. */
export const isPortFree = (port: number, host = '127.0.0.1'): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });

/** Below the range from which systems take the ports of outgoing connections: those are taken within moments. */
const lowestPort = 20_000;
const portCount = 12_000;
/** Two processes that look at the same time, such as test workers, look at different ports. */
const lanes = 40;
const lane = process.pid % lanes;
const maxTries = 200;
const handedOut = new Set<number>();

/** A loopback port that was free a moment ago; this process gets each only once. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const port = lowestPort + lane + lanes * Math.floor((Math.random() * portCount) / lanes);
    if (handedOut.has(port) || !(await isPortFree(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`no free port between ${lowestPort} and ${lowestPort + portCount}`);
};
