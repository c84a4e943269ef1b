/** The first of the user's languages that there are texts in, else English. */
export const languageOf = (texts: Readonly<Record<string, unknown>>): string => {
  for (const tag of navigator.languages) {
    const [language = ''] = tag.toLowerCase().split('-');
    if (Object.hasOwn(texts, language)) return language;
  }
  return 'en';
};
