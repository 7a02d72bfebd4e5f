import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinProviderUsage, type UpstreamUsage } from './join-provider-usage.ts';
import type { ProviderUsage } from './provider-usage.ts';
import { readProviderUsage } from './read-provider-usage.ts';

const daySeconds = 86_400;
const dayMs = daySeconds * 1_000;
const firstDay = Date.parse('2026-11-01T00:00:00Z') / dayMs;

/** https://platform.openai.com/docs/api-reference/usage/completions_object */
const completion = {
  object: 'organization.usage.completions.result',
  input_tokens: 1_000,
  output_tokens: 500,
  input_cached_tokens: 800,
  num_model_requests: 5,
  project_id: null,
  user_id: null,
  api_key_id: null,
  model: 'gpt-4o-2024-08-06',
  batch: null,
};
const embedding = {
  object: 'organization.usage.embeddings.result',
  input_tokens: 16,
  num_model_requests: 2,
  model: 'text-embedding-3-small',
};
/** https://platform.claude.com/docs/en/api/admin/usage_report/retrieve_messages */
const message = {
  uncached_input_tokens: 1_500,
  cache_creation: { ephemeral_1h_input_tokens: 1_000, ephemeral_5m_input_tokens: 500 },
  cache_read_input_tokens: 200,
  output_tokens: 50,
  server_tool_use: { web_search_requests: 10 },
  api_key_id: null,
  workspace_id: null,
  model: 'claude-sonnet-4-20250514',
  service_tier: 'standard',
  context_window: '0-200k',
};

const openaiPage = (results: readonly object[], given: object = {}) => ({
  object: 'page',
  data: [{ object: 'bucket', start_time: 1_730_419_200, end_time: 1_730_505_600, results, ...given }],
  has_more: true,
  next_page: 'AAAA',
});
const anthropicPage = (results: readonly object[], given: object = {}) => ({
  data: [{ starting_at: '2024-11-01T00:00:00Z', ending_at: '2024-11-02T00:00:00Z', results, ...given }],
  has_more: false,
  next_page: null,
});

const bucket = { startsAt: 1_730_419_200_000, endsAt: 1_730_505_600_000 };

describe('a page of a usage report', () => {
  test.each([
    [
      'of completions, where cached tokens are among the input',
      openaiPage([completion]),
      'completions',
      { inputTotal: 1_000n, cacheRead: 800n, outputTotal: 500n },
    ],
    [
      'of completions, with tokens written to the cache',
      openaiPage([{ ...completion, input_cached_tokens: null, input_cache_write_tokens: 7 }]),
      'completions',
      { inputTotal: 1_000n, cacheWrite5m: 7n, outputTotal: 500n },
    ],
    ['of embeddings', openaiPage([embedding]), 'embeddings', { inputTotal: 16n }],
    [
      'of messages, where they are beside it',
      anthropicPage([message]),
      'messages',
      { inputText: 1_500n, cacheRead: 200n, cacheWrite5m: 500n, cacheWrite1h: 1_000n, outputTotal: 50n },
    ],
  ])('is read: %s', (_what, page, kind, lanes) => {
    const read = readProviderUsage(page);
    expect(read).toMatchObject({ outcome: 'read', usage: { kind, buckets: [bucket] } });
    const [found] = read.outcome === 'read' ? read.usage.buckets : [];
    expect([...(found?.models.values() ?? [])]).toEqual([lanes]);
  });

  test('adds up what it splits further, and knows a lane where all parts do', () => {
    const { input_cached_tokens: _cached, ...bare } = completion;
    const page = openaiPage([completion, { ...completion, model: 'o3' }, { ...bare, batch: true }]);
    const read = readProviderUsage(page);
    expect(read.outcome === 'read' && Object.fromEntries(read.usage.buckets[0]?.models ?? [])).toEqual({
      'gpt-4o-2024-08-06': { inputTotal: 2_000n, outputTotal: 1_000n },
      o3: { inputTotal: 1_000n, cacheRead: 800n, outputTotal: 500n },
    });
  });

  test('of messages adds up what it splits by tier or context', () => {
    const read = readProviderUsage(anthropicPage([message, { ...message, service_tier: 'batch' }]));
    expect(read.outcome === 'read' && [...(read.usage.buckets[0]?.models ?? [])]).toEqual([
      [
        message.model,
        { inputText: 3_000n, cacheRead: 400n, cacheWrite5m: 1_000n, cacheWrite1h: 2_000n, outputTotal: 100n },
      ],
    ]);
  });

  test('without a result says that nothing was counted', () => {
    expect(readProviderUsage(openaiPage([]))).toMatchObject({
      outcome: 'read',
      usage: { kind: undefined, buckets: [bucket] },
    });
    expect(readProviderUsage(anthropicPage([]))).toMatchObject({ usage: { kind: 'messages' } });
  });

  test.each([
    [[], 'the report: expected an object, found a list'],
    [{ error: { message: 'no' } }, 'data: expected a list, found nothing'],
    [{ data: ['x'] }, 'data[0]: expected an object, found "x"'],
    [
      openaiPage([{ ...completion, input_tokens: -1 }]),
      'data[0].results[0].input_tokens: expected a whole number',
    ],
    [
      openaiPage([completion, { ...completion, output_tokens: 1.5 }]),
      'data[0].results[1].output_tokens: expected',
    ],
    [
      openaiPage([{ ...completion, input_cached_tokens: '8' }]),
      'input_cached_tokens: expected a whole number',
    ],
    [
      openaiPage([{ ...completion, model: null }]),
      'results[0].model: expected the name of a model, as group_by=model gives it, found null',
    ],
    [
      openaiPage([{ ...completion, object: 'organization.usage.images.result' }]),
      'data[0].results[0].object: expected organization.usage.completions.result or organization.usage.embeddings.result',
    ],
    [
      openaiPage([completion, embedding]),
      'data[0].results[1].object: expected the kind of the results before it',
    ],
    [openaiPage([], { start_time: '2024' }), 'data[0].start_time: expected'],
    [openaiPage([], { end_time: 1_730_419_200 }), 'data[0]: expected a bucket that ends after it begins'],
    [openaiPage([], { results: undefined }), 'data[0].results: expected a list, found nothing'],
    [
      anthropicPage([{ ...message, cache_creation: undefined }]),
      'data[0].results[0].cache_creation: expected an object',
    ],
    [anthropicPage([{ ...message, output_tokens: null }]), 'data[0].results[0].output_tokens: expected'],
    [
      anthropicPage([{ ...message, cache_creation: { ephemeral_1h_input_tokens: 1 } }]),
      'data[0].results[0].cache_creation.ephemeral_5m_input_tokens: expected',
    ],
    [anthropicPage([{ ...message, model: null }]), 'as group_by[]=model gives it, found null'],
    [anthropicPage([], { ending_at: 'tomorrow' }), 'data[0].ending_at: expected a time such as'],
    [anthropicPage([], { ending_at: '2024-11-02T00:00:00' }), 'data[0].ending_at: expected a time such as'],
  ])('that is wrong is named by the path of its first mistake: %j', (page, problem) => {
    const read = readProviderUsage(page);
    expect(read).toMatchObject({ outcome: 'malformed', problem: expect.stringContaining(problem) });
  });
});

describe('pages, joined', () => {
  const bucketOf = (start: number, end: number, tokens: number | undefined) => ({
    startsAt: start,
    endsAt: end,
    models: new Map(tokens === undefined ? [] : [['m', { inputTotal: BigInt(tokens) }]]),
  });
  const dayOf = (day: number, tokens: number | undefined) =>
    bucketOf((firstDay + day) * dayMs, (firstDay + day + 1) * dayMs, tokens);
  const page = (
    buckets: ProviderUsage['buckets'],
    upstream = 'openai',
    kind: ProviderUsage['kind'] = 'completions',
  ): UpstreamUsage => ({ upstream, usage: { kind, buckets } });

  test('law: however a report is cut into pages, and in whatever order they come, its days are the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.nat(1_000), { nil: undefined }), { minLength: 1, maxLength: 31 }),
        fc.array(fc.nat(4), { minLength: 31, maxLength: 31 }),
        fc.array(fc.nat(), { minLength: 31, maxLength: 31 }),
        (counts, pages, ranks) => {
          const days = counts.map((tokens, day) => dayOf(day, tokens));
          const cut = [...Map.groupBy(days, (_one, index) => pages[index]).values()]
            .map((buckets, index) => ({ buckets, rank: ranks[index] ?? 0 }))
            .sort((left, right) => left.rank - right.rank)
            .map(({ buckets }) => page(buckets));
          expect(joinProviderUsage(cut)).toEqual(joinProviderUsage([page(days)]));
        },
      ),
    );
  });

  test('a day that two pages count is refused, and one that is empty in one of them is not', () => {
    expect(joinProviderUsage([page([dayOf(0, 1)]), page([dayOf(0, 1)])])).toEqual({
      outcome: 'malformed',
      problem: 'openai completions 2026-11-01 is there twice',
    });
    for (const pages of [
      [page([dayOf(0, 1)]), page([dayOf(0, undefined)])],
      [page([dayOf(0, undefined)]), page([dayOf(0, 1)])],
    ])
      expect(joinProviderUsage(pages)).toMatchObject({
        days: [{ models: new Map([['m', { inputTotal: 1n }]]) }],
      });
    expect(joinProviderUsage([page([dayOf(0, 1)]), page([dayOf(0, 1)], 'azure')])).toMatchObject({
      days: [{ upstream: 'azure' }, { upstream: 'openai' }],
    });
  });

  test('a page without a result is of embeddings where another has completions of its days, else of completions', () => {
    const kindsWith = (other: UpstreamUsage) => {
      const silent = {
        upstream: 'openai',
        usage: { kind: undefined, buckets: [dayOf(0, undefined), dayOf(1, undefined)] },
      };
      return [
        [silent, other],
        [other, silent],
      ].map((pages) => {
        const joined = joinProviderUsage(pages);
        if (joined.outcome !== 'joined') throw new Error(joined.problem);
        return joined.days
          .filter(({ upstream, models }) => upstream === 'openai' && models.size === 0)
          .map(({ kind }) => kind);
      });
    };
    const embeddings = ['embeddings', 'embeddings'];
    const completions = ['completions', 'completions'];
    expect(kindsWith(page([dayOf(1, 1)]))).toEqual([embeddings, embeddings]);
    for (const other of [
      page([dayOf(2, 1)]),
      page([dayOf(1, 1)], 'azure'),
      page([dayOf(1, 1)], 'openai', 'embeddings'),
    ])
      expect(kindsWith(other)).toEqual([completions, completions]);
  });

  test('what is no whole day of UTC is left out, and counted', () => {
    const noon = firstDay * dayMs + dayMs / 2;
    const buckets = [
      bucketOf(noon, noon + dayMs, 1),
      bucketOf(noon, noon + dayMs / 2, 1),
      bucketOf(firstDay * dayMs, (firstDay + 7) * dayMs, 1),
      dayOf(3, 1),
    ];
    expect(joinProviderUsage([page(buckets)])).toMatchObject({ partial: 3, days: [{ day: firstDay + 3 }] });
  });
});
