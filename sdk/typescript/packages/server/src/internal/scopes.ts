import { parseScope } from '../parseScope.js';

export const isScope = (text: string): boolean => {
  try {
    return parseScope(text).scope === text;
  } catch {
    return false;
  }
};

/** The scope claim: valid scopes, single spaces between them, none twice; undefined if it is not that. */
export const scopesOf = (list: string): string[] | undefined => {
  const words = list.split(' ');
  return words.every(isScope) && new Set(words).size === words.length ? words : undefined;
};
