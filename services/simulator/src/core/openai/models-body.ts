const entry = (id: string, created: number) => ({ id, object: 'model', created, owned_by: 'sim' });

export const buildOpenAiModels = (models: readonly string[], created: number) => ({
  object: 'list',
  data: models.map((id) => entry(id, created)),
});

export const buildOpenAiModel = entry;
