import { describe, expect, test } from 'vitest';
import { longFiles } from '../long-files.ts';
import { timedFiles } from '../timed-files.ts';
import { listRepository, readDocument, readSources } from './repository-files.ts';
import { findMissingTests, readCitingRows } from './rules/citations.ts';
import * as layers from './rules/layers.ts';
import * as purity from './rules/purity.ts';
import * as shape from './rules/shape.ts';
import * as size from './rules/size.ts';
import * as style from './rules/style.ts';

// The rules of CONTRIBUTING.md, applied to this repository. Each lists all that offends against it.
const paths = listRepository();
const files = readSources(paths);

test('the whole repository is looked at', () => {
  const seen = new Set(files.map(({ path }) => path));
  for (const path of [
    'services/ingress/src/core/pending-request.ts',
    'shared/contracts/src/envelope.ts',
    'infra/run/start.ts',
    'test/architecture/repository.test.ts',
  ]) {
    expect(seen).toContain(path);
  }
});

test('each file that must run alone, or before others, is there', () => {
  expect(paths).toEqual(expect.arrayContaining([...timedFiles.e2e, ...timedFiles.chaos, ...longFiles]));
});

describe('tables of docs/operations.md that name tests', () => {
  const document = readDocument('docs/operations.md');
  test.each([
    ['Crash cases', 22],
    ['What others got wrong', 24],
  ])('%s: all %i rows are there, and so are the tests that they name', (heading, count) => {
    const rows = readCitingRows(document, heading);
    expect(rows.map(({ number }) => Number(number))).toEqual(
      Array.from({ length: count }, (_, row) => row + 1),
    );
    expect(findMissingTests(rows, files)).toEqual([]);
  });
  test('nothing that others got wrong is left without a test', () => {
    const rows = readCitingRows(document, 'What others got wrong');
    expect(rows.filter(({ citations }) => citations.length === 0)).toEqual([]);
  });
});

describe('floors', () => {
  test('a workspace imports lower floors only, and services never import each other', () => {
    expect(layers.findUpwardImports(files)).toEqual([]);
  });
  test('the test kit is imported by tests only', () => {
    expect(layers.findTestingInProduction(files)).toEqual([]);
  });
  test('each package from outside is imported in its one place', () => {
    expect(layers.findStrayPackages(files)).toEqual([]);
  });
  test('only main.ts imports a composition root', () => {
    expect(layers.findImportsOfRoots(files)).toEqual([]);
  });
  test('only the registry knows which providers there are', () => {
    expect(layers.findProviderNamesOutside(files)).toEqual([]);
  });
});

describe('purity', () => {
  test('decisions and machines import nothing that is not pure', () => {
    expect(purity.findImpureImports(files)).toEqual([]);
  });
  test('decisions and machines read no clock, no dice, no environment, and set no timer', () => {
    expect(purity.findImpureCode(files)).toEqual([]);
  });
});

describe('shape', () => {
  test('every service has README.md, main.ts, service.ts and settings.ts', () => {
    expect(shape.findMissingServiceFiles(paths)).toEqual([]);
  });
  test('every shared package has README.md and index.ts', () => {
    expect(shape.findMissingSharedFiles(paths)).toEqual([]);
  });
  test('a service is given its environment and never reads it', () => {
    expect(style.findEnvironmentReaders(files)).toEqual([]);
  });
});

describe('size', () => {
  test('no file has more than 300 lines', () => {
    expect(size.findLongFiles(files)).toEqual([]);
  });
  test('no function has more than 60 lines', () => {
    expect(size.findLongFunctions(files)).toEqual([]);
  });
  test('the median file has fewer than 80 lines', () => {
    expect(size.findHighMedian(files)).toEqual([]);
  });
});

describe('style', () => {
  test('there is no any', () => {
    expect(style.findAny(files)).toEqual([]);
  });
  test('there is no enum', () => {
    expect(style.findEnums(files)).toEqual([]);
  });
  test('there is no default export', () => {
    expect(style.findDefaultExports(files)).toEqual([]);
  });
  test('nothing is written to the console', () => {
    expect(style.findConsole(files)).toEqual([]);
  });
  test('nothing is left to be done', () => {
    expect(style.findUnfinished(files)).toEqual([]);
  });
  test('file names say what is inside, in kebab-case', () => {
    expect(style.findBadFileNames(files)).toEqual([]);
  });
  test('names are words', () => {
    expect(style.findShortNames(files)).toEqual([]);
  });
});
