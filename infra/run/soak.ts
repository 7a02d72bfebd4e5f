import '../../test/soak/run.ts';
