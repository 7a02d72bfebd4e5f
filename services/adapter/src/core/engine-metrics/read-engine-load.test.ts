import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readEngineLoad } from './read-engine-load.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../testdata/engine-metrics/${name}`, import.meta.url), 'utf8');

describe('the load of', () => {
  it.each([
    ['vllm-v1.txt', { engine: 'vllm', running: 37, waiting: 4, kvUsage: 0.8731343283582089 }],
    ['vllm-v0.txt', { engine: 'vllm', running: 12, waiting: 1, kvUsage: 0.2617961711711712 }],
    ['sglang.txt', { engine: 'sglang', running: 162, waiting: 2826, kvUsage: 0.28 }],
    ['tgi.txt', { engine: 'tgi', running: 23, waiting: 6 }],
    ['llamacpp.txt', { engine: 'llamacpp', running: 4, waiting: 46 }],
    ['llamacpp-2024.txt', { engine: 'llamacpp', running: 1, waiting: 0, kvUsage: 0.253906 }],
  ])('%s is read by the names that are there', (name, load) => {
    expect(readEngineLoad(fixture(name))).toEqual({ outcome: 'read', load });
  });

  it('several replicas is their sum, and the KV cache that of the fullest', () => {
    expect(readEngineLoad(fixture('vllm-v1-data-parallel.txt'))).toEqual({
      outcome: 'read',
      load: { engine: 'vllm', running: 8, waiting: 2, kvUsage: 0.45 },
    });
  });

  it('ranks that share their requests counts once, and so do priorities', () => {
    expect(readEngineLoad(fixture('sglang-ranks-and-priorities.txt'))).toEqual({
      outcome: 'read',
      load: { engine: 'sglang', running: 13, waiting: 3, kvUsage: 0.94 },
    });
  });

  it('SGLang is read under its names with an underscore, too', () => {
    const text = fixture('sglang.txt').replaceAll('sglang:', 'sglang_');
    expect(readEngineLoad(text)).toEqual(readEngineLoad(fixture('sglang.txt')));
  });

  it('the newer of two names for the KV cache counts', () => {
    const text = fixture('vllm-v1-data-parallel.txt').replaceAll(
      /(gpu_cache_usage_perc\{.*\}) .*/g,
      '$1 0.99',
    );
    expect(readEngineLoad(text)).toMatchObject({ load: { kvUsage: 0.45 } });
  });

  it('another server is unknown', () => {
    expect(readEngineLoad(fixture('other.txt'))).toEqual({ outcome: 'unknown' });
    expect(readEngineLoad('<html>Not Found</html>')).toEqual({ outcome: 'unknown' });
    expect(readEngineLoad('')).toEqual({ outcome: 'unknown' });
  });
});

describe('what is not known', () => {
  const lines = (waiting: string) =>
    `vllm:num_requests_running{engine="0"} 3\nvllm:num_requests_waiting{engine="0"} 1\n${waiting}\n`;

  it.each([
    'vllm:num_requests_waiting{engine="1"} NaN',
    'vllm:num_requests_waiting{engine="1"} +Inf',
    'vllm:num_requests_waiting{engine="1"} -1',
    'vllm:num_requests_waiting{engine="1',
  ])('is not told: %s', (waiting) => {
    expect(readEngineLoad(lines(waiting))).toEqual({
      outcome: 'read',
      load: { engine: 'vllm', running: 3 },
    });
  });

  it('is never taken for a full cache: more than all of it is all of it', () => {
    expect(readEngineLoad('vllm:kv_cache_usage_perc 1.0000001')).toEqual({
      outcome: 'read',
      load: { engine: 'vllm', kvUsage: 1 },
    });
  });
});
