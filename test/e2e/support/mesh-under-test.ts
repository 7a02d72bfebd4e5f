import { demoKey, type Mesh, type MeshOptions, startMesh } from '@weir/testing';
import { afterAll, beforeAll } from 'vitest';
import { createSimulatorAdmin, type SimulatorAdmin } from './simulator-admin.ts';

/** Of examples/quickstart, as the keys are: neither is a secret. */
export const key = demoKey.secret;
/** May use sim-gpt-mini alone. */
export const limitedKey = 'weir-limited-key';

export interface MeshUnderTest {
  readonly mesh: Mesh;
  readonly baseUrl: string;
  readonly simulator: SimulatorAdmin;
}

type Options = MeshOptions | (() => Promise<MeshOptions>);

/** One mesh for all tests of a file: started before the first, ended after the last. */
export const useMesh = (options: Options = {}): (() => MeshUnderTest) => {
  let current: MeshUnderTest | undefined;
  beforeAll(async () => {
    const mesh = await startMesh(typeof options === 'function' ? await options() : options);
    const [simulator] = mesh.simulators;
    current = { mesh, baseUrl: mesh.baseUrl, simulator: createSimulatorAdmin(simulator?.url ?? '') };
  });
  afterAll(() => current?.mesh.stop());
  return () => {
    if (current === undefined) throw new Error('the mesh is not up');
    return current;
  };
};
