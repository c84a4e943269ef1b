import type { Algorithm, Key } from '../keys.js';

/** The one key that is wanted. */
export const onlyKey = (keys: readonly Key[], id: string, algorithm: Algorithm): Key | undefined => {
  const [key, ...others] = keys.filter((one) => one.id === id && one.algorithm === algorithm);
  return others.length === 0 ? key : undefined;
};
