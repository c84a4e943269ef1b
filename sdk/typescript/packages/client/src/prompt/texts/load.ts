import { en } from './en.js';
import type { PromptTexts } from './texts.js';

const languages: Readonly<Record<string, () => Promise<PromptTexts>>> = {
  de: async () => (await import('./de.js')).de,
  es: async () => (await import('./es.js')).es,
  fr: async () => (await import('./fr.js')).fr,
  ja: async () => (await import('./ja.js')).ja,
  pt: async () => (await import('./pt.js')).pt,
};

/** The language that there is for the first of the wishes, which are tags such as `de-AT`. */
export const languageFor = (wishes: readonly string[]): string => {
  for (const wish of wishes) {
    const language = wish.toLowerCase().split('-')[0]!;
    if (language === 'en' || Object.hasOwn(languages, language)) return language;
  }
  return 'en';
};

/** The words of a language; English ones where they cannot be had. */
export const loadTexts = async (language: string): Promise<PromptTexts> => {
  if (!Object.hasOwn(languages, language)) return en;
  try {
    return await languages[language]!();
  } catch {
    return en; // offline, perhaps: it can be used all the same
  }
};
