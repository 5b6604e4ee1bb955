/** Tests run on what the compiler wrote, without a transform: they test what ships. */
export default {
  roots: ['<rootDir>/dist'],
  testMatch: ['**/*.spec.js'],
  transform: {},
  testTimeout: 30_000,
  // Many tests wait for a server rather than compute; two at a time even where that is all the cores there are.
  maxWorkers: 2,
  globalSetup: '<rootDir>/dist/test/global-setup.js',
  globalTeardown: '<rootDir>/dist/test/global-teardown.js',
};
