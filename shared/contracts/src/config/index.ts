export { builtinRoutes } from './builtin-routes.ts';
export { closestName } from './closest-name.ts';
export { configJsonSchema } from './config-json-schema.ts';
export { type ConfigPlace, type ConfigProblem, renderProblem, toPath } from './config-problem.ts';
export { isLiteralPattern, matchesPattern, matchesSomePattern } from './matches-pattern.ts';
export { type ParsedConfig, parseConfig } from './parse-config.ts';
export * from './weir-config.ts';
