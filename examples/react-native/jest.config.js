module.exports = {
  preset: '@react-native/jest-preset',
  testMatch: ['<rootDir>/test/*.test.tsx'],
  globalSetup: '<rootDir>/test/lib/servers.js',
  globalTeardown: '<rootDir>/test/lib/stop.js',
  transformIgnorePatterns: ['node_modules/(?!((jest-)?react-native|@react-native(-community)?|@stepup-auth)/)'],
  moduleFileExtensions: ['tsx', 'ts', 'js', 'mjs', 'json'],
  testTimeout: 300_000, // the first test waits for all of React Native to be translated
  maxWorkers: 1,
};
