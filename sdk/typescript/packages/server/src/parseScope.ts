import { builtInScopes } from './scopes.js';

/** The longest scope. */
const maxLength = 128;

export interface ScopeDescription {
  scope: string;
  /** Whether every environment knows it. */
  builtIn: boolean;
  /** Whether its first word belongs to stepup itself; a scope of your own begins with another one. */
  reserved: boolean;
}

/**
 * Reads a scope, such as `transfer:create`: lower-case words joined by colons, at most 128 characters. Nothing is trimmed or folded.
 * Scopes are compared as whole strings; there are no wildcards, prefixes or hierarchies.
 *
 * @throws Error for what is not written exactly so.
 * @example
 * ```ts
 * import { parseScope } from '@stepup-auth/server';
 *
 * console.log(parseScope('wallet:export').builtIn); // true
 * ```
 */
export const parseScope = (text: string): ScopeDescription => {
  if (text.length > maxLength || !grammar.test(text)) throw new Error('parsing scope: want lower-case words joined by colons, such as transfer:create');
  return { scope: text, builtIn: builtInScopes.includes(text), reserved: reserved.test(text) };
};

const grammar = /^[a-z][a-z0-9_]*(?::[a-z0-9_]+)+$/;
const reserved = /^(?:wallet|credential|user|console|business_account):/;
