import * as z from 'zod';
import { configSchema } from './config-schema.ts';

/** JSON Schema (2020-12) of what may stand in a configuration file. For editors and for `weir.schema.json`. */
export const configJsonSchema = (): Record<string, unknown> => ({
  title: 'Weir configuration',
  ...z.toJSONSchema(configSchema, { io: 'input' }),
});
