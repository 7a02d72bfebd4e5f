export { matchesPattern, matchesSomePattern } from '@weir/contracts';
export { canaryRevision } from './canary-revision.ts';
export { explainRoute } from './explain-route.ts';
export { type ListedModel, listModels } from './list-models.ts';
export { type MatchedRoute, matchRoute, type RouteMatch } from './match-route.ts';
export type { RoutedRequest } from './missed-condition.ts';
export { type NamedModel, nameModel } from './name-model.ts';
export { rendezvousOwner, rendezvousScores } from './rendezvous.ts';
export { compileRoutes, findRoute, type RouteTable } from './route-table.ts';
export { selectFallbacks } from './select-fallbacks.ts';
export {
  selectUpstreams,
  type UpstreamCandidate,
  type UpstreamQuestion,
  type UpstreamSelection,
} from './select-upstreams.ts';
export { speaksApi } from './speaks-api.ts';
export { trafficHeaders } from './traffic-headers.ts';
