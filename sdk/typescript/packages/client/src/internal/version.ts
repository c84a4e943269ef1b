/** What `x-dyn-version` says; a test compares it with package.json. */
export const sdkVersion = 'StepUpClient/0.1.0';
