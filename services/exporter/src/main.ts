import { runService } from '@weir/runtime';
import { build } from './service.ts';

await runService({ name: 'exporter', build });
