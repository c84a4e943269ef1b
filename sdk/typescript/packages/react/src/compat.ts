export * from './index.js';
export { DynamicContextProvider, type DynamicContextProviderProps, type DynamicSettings } from './DynamicContextProvider.js';
export { type DynamicContext, useDynamicContext } from './useDynamicContext.js';
