export { attachedReason, isAttached } from './attach-mesh.ts';
export { createFakeClock, type FakeClock } from './fake-clock.ts';
export type { Exit, Mesh, MeshService, MeshSimulator, ServiceName } from './mesh.ts';
export { type MeshConfig, type MeshOptions, startMesh } from './start-mesh.ts';
export { startNats, type TestNats } from './start-nats.ts';
export { redisMissing, startRedis, type TestRedis } from './start-redis.ts';
export { testCertificates } from './test-certificates.ts';
export { createTestKey, demoKey, type TestKey } from './test-key.ts';
export { waitFor } from './wait-for.ts';
