import { describe, it } from 'vitest';
import { expectQuietEnd } from './support/end-of-a-replica.ts';
import { replicated, useReplicatedMesh } from './support/replicated-mesh.ts';

const running = useReplicatedMesh();

describe('scaling down under load', () => {
  it.each(replicated)('%s: no request fails when a replica gets SIGTERM', (name) =>
    expectQuietEnd(running(), name),
  );
});
