module.exports = {
  preset: '@react-native/jest-preset',
  testMatch: ['<rootDir>/test/*.test.tsx'],
  globalSetup: '<rootDir>/test/lib/servers.js',
  globalTeardown: '<rootDir>/test/lib/stop.js',
  transformIgnorePatterns: ['node_modules/(?!((jest-)?react-native|@react-native(-community)?|@stepup-auth)/)'],
  moduleFileExtensions: ['tsx', 'ts', 'js', 'mjs', 'json'],
  testTimeout: 60_000,
  maxWorkers: 1,
};
