import type { ComponentChild } from 'preact';
import { partsOf } from '../words.js';

/** Fills in what stands in braces; each value is kept apart from the direction of the text around it. */
export const words = (text: string, values?: Readonly<Record<string, string>>): ComponentChild[] =>
  partsOf(text, values).map((part) => (typeof part === 'string' ? part : <bdi class="value">{part.value}</bdi>));
