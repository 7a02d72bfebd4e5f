import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type CutAt = 'before-commit' | 'after-commit';

/** Stands between a client and a database, and cuts the connection once, around a commit. */
export const startCuttingProxy = async (target: { host: string; port: number }, cutAt: CutAt) => {
  let isCut = false;
  const join = (client: Socket): void => {
    const database = connect(target);
    let cutsAtAnswer = false;
    const cut = (): void => {
      isCut = true;
      client.destroy();
      database.destroy();
    };
    client.on('data', (bytes) => {
      const commits = !isCut && bytes.includes('commit\0');
      if (commits && cutAt === 'before-commit') return cut();
      cutsAtAnswer = commits;
      database.write(bytes);
    });
    database.on('data', (bytes) => (cutsAtAnswer ? cut() : client.write(bytes)));
    for (const socket of [client, database]) socket.on('error', () => undefined);
    client.on('close', () => database.destroy());
    database.on('close', () => client.destroy());
  };
  const server = createServer(join);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    isCut: () => isCut,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
};
