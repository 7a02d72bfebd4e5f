import { serveRequests } from '../bench/process/child-side.ts';
import { runCountedLoad } from './counted-load.ts';

serveRequests({}, runCountedLoad);
