import '../../test/simulate/run.ts';
