import '../../test/placement/run.ts';
