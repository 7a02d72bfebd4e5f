import '../../test/bench/run.ts';
