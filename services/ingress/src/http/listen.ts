import type { FastifyInstance } from 'fastify';

export interface ListenPlace {
  readonly host: string;
  readonly port: number;
  /** Other processes of this machine may listen there too, when all of them say so. */
  readonly reusePort: boolean;
}

/** @throws with what to do about it when somebody else has the port. */
export const listen = async (app: FastifyInstance, place: ListenPlace): Promise<void> => {
  const { host, port, reusePort } = place;
  try {
    // Fastify's types do not know `reusePort`; it hands everything on to Node.
    await app.listen(place);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      const shared = reusePort ? '; whoever shares it has to say WEIR_REUSE_PORT=true as well' : '';
      throw new Error(`port ${port} of ${host} is in use; set WEIR_PORT to a free one${shared}`);
    }
    throw error;
  }
};
