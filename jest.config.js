/** Tests run on what the compiler wrote, without a transform: they test what ships. */
export default {
  roots: ['<rootDir>/dist'],
  testMatch: ['**/*.spec.js'],
  transform: {},
  testTimeout: 30_000,
  globalSetup: '<rootDir>/dist/test/global-setup.js',
  globalTeardown: '<rootDir>/dist/test/global-teardown.js',
};
