export * from './enums/index.js';
export * from './models/index.js';
