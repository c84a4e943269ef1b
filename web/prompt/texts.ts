export interface Texts {
  readonly going: string;
  readonly over: string;
}

/** What the page says beside the prompt, which has words of its own. */
export const texts: Readonly<Record<string, Texts>> = {
  en: { going: 'Going back to the app …', over: 'You can close this page and go back to the app.' },
  de: { going: 'Zurück zur App …', over: 'Sie können diese Seite schließen und zur App zurückkehren.' },
  es: { going: 'Volviendo a la aplicación …', over: 'Puede cerrar esta página y volver a la aplicación.' },
  fr: { going: 'Retour à l’application …', over: 'Vous pouvez fermer cette page et revenir à l’application.' },
  pt: { going: 'A voltar à aplicação …', over: 'Pode fechar esta página e voltar à aplicação.' },
  ja: { going: 'アプリに戻ります …', over: 'このページを閉じて、アプリに戻ってください。' },
};
