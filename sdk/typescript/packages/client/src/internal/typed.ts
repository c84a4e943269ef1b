import { InvalidParamError } from '../errors/InvalidParamError.js';

/** A code as the user typed it, without what is left out of it. An empty one is not sent: it would be a try that was lost. */
export const typed = (code: string, leftOut: RegExp): string => {
  const rest = typeof code === 'string' ? code.replace(leftOut, '') : '';
  if (rest === '') throw new InvalidParamError('The code is empty: nothing was sent.');
  return rest;
};
