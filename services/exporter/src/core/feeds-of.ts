import type { ExportConfig } from '@weir/contracts';

export const feedSources = ['usage', 'alerts'] as const;

/** One stream to one sink. */
export interface Feed {
  /** Unique: the name of the sink, with `.alerts` for alerts. */
  readonly name: string;
  readonly source: (typeof feedSources)[number];
  readonly config: ExportConfig;
}

const sourcesOf = (config: ExportConfig): readonly Feed['source'][] =>
  config.kind === 'webhook' ? feedSources.filter((source) => config.send.includes(source)) : ['usage'];

export const feedsOf = (exports: readonly ExportConfig[]): readonly Feed[] =>
  exports.flatMap((config) =>
    sourcesOf(config).map((source) => ({
      name: source === 'usage' ? config.name : `${config.name}.${source}`,
      source,
      config,
    })),
  );

export interface FeedChanges {
  readonly stopped: readonly string[];
  readonly started: readonly Feed[];
}

/** A feed whose settings changed is stopped and started. */
export const feedChanges = (running: ReadonlyMap<string, Feed>, wanted: readonly Feed[]): FeedChanges => {
  const isSame = (one: Feed, other: Feed | undefined): boolean =>
    JSON.stringify(one.config) === JSON.stringify(other?.config);
  const byName = new Map(wanted.map((feed) => [feed.name, feed]));
  return {
    stopped: [...running.values()]
      .filter((feed) => !isSame(feed, byName.get(feed.name)))
      .map(({ name }) => name),
    started: wanted.filter((feed) => !isSame(feed, running.get(feed.name))),
  };
};
