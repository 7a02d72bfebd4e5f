const entry = (id: string, createdAt: string) => ({
  type: 'model',
  id,
  display_name: id,
  created_at: createdAt,
});

/** `createdAt` is RFC 3339. */
export const buildAnthropicModels = (models: readonly string[], createdAt: string) => ({
  data: models.map((id) => entry(id, createdAt)),
  has_more: false,
  first_id: models[0] ?? null,
  last_id: models.at(-1) ?? null,
});

export const buildAnthropicModel = entry;
