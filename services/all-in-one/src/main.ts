import { runService } from '@weir/runtime';
import { build } from './service.ts';

await runService({ name: 'all-in-one', build });
