import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { longFiles } from './long-files.ts';

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = longFiles.findIndex((path) => moduleId.endsWith(`/${path}`));
  return rank === -1 ? longFiles.length : rank;
};

const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;

/** Left to itself, vitest goes by what it remembers of the last run, and on a fresh clone by the size of the files. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((left, right) => groupOf(left) - groupOf(right) || rankOf(left) - rankOf(right));
  }
}
