import type { PromptTexts } from '@stepup-auth/client/prompt/headless';

/** The sentences that in the web component are about browsers and pages, and one that only phones need. */
export interface AppTexts extends Pick<PromptTexts, 'noWebauthn' | 'passkeysOff' | 'passkeyElsewhereHow' | 'walletNone'> {
  /** Opens the authenticator app on this phone. */
  readonly openTotp: string;
}

export const appTexts: Readonly<Record<string, AppTexts>> = {
  en: {
    noWebauthn: 'This app can’t use passkeys here. Choose another way.',
    passkeysOff: 'Passkeys can’t be used in this app.',
    passkeyElsewhereHow: 'Choose “Use passkey”, then another device, and scan the code that is shown with it.',
    walletNone: 'This app knows no wallet of that kind. Choose another way, or install your wallet and try again.',
    openTotp: 'Open in an app on this phone',
  },
  de: {
    noWebauthn: 'Diese App kann hier keine Passkeys verwenden. Wählen Sie einen anderen Weg.',
    passkeysOff: 'In dieser App können keine Passkeys verwendet werden.',
    passkeyElsewhereHow: 'Wählen Sie „Passkey verwenden“, dann ein anderes Gerät, und scannen Sie damit den angezeigten Code.',
    walletNone: 'Diese App kennt keine solche Wallet. Wählen Sie einen anderen Weg, oder installieren Sie Ihre Wallet und versuchen Sie es noch einmal.',
    openTotp: 'In einer App auf diesem Telefon öffnen',
  },
  es: {
    noWebauthn: 'Esta aplicación no puede usar llaves de acceso aquí. Elige otra forma.',
    passkeysOff: 'En esta aplicación no se pueden usar llaves de acceso.',
    passkeyElsewhereHow: 'Elige «Usar llave de acceso», después otro dispositivo, y escanea con él el código que se muestra.',
    walletNone: 'Esta aplicación no conoce ninguna cartera de ese tipo. Elige otra forma, o instala tu cartera e inténtalo de nuevo.',
    openTotp: 'Abrir en una aplicación de este teléfono',
  },
  fr: {
    noWebauthn: 'Cette application ne peut pas utiliser de clés d’accès ici. Choisissez un autre moyen.',
    passkeysOff: 'Les clés d’accès ne peuvent pas être utilisées dans cette application.',
    passkeyElsewhereHow: 'Choisissez « Utiliser la clé d’accès », puis un autre appareil, et scannez avec lui le code affiché.',
    walletNone: 'Cette application ne connaît aucun portefeuille de ce type. Choisissez un autre moyen, ou installez votre portefeuille et réessayez.',
    openTotp: 'Ouvrir dans une application de ce téléphone',
  },
  pt: {
    noWebauthn: 'Esta aplicação não pode usar chaves de acesso aqui. Escolha outra forma.',
    passkeysOff: 'Não é possível usar chaves de acesso nesta aplicação.',
    passkeyElsewhereHow: 'Escolha «Usar chave de acesso», depois outro dispositivo, e leia com ele o código apresentado.',
    walletNone: 'Esta aplicação não conhece nenhuma carteira desse tipo. Escolha outra forma, ou instale a sua carteira e tente novamente.',
    openTotp: 'Abrir numa aplicação deste telemóvel',
  },
  ja: {
    noWebauthn: 'このアプリではパスキーを使えません。別の方法を選んでください。',
    passkeysOff: 'このアプリではパスキーを使えません。',
    passkeyElsewhereHow: '「パスキーを使用」を選び、別の端末を選んで、表示されたコードをその端末で読み取ってください。',
    walletNone: 'このアプリに、その種類のウォレットはありません。別の方法を選ぶか、ウォレットをインストールしてもう一度お試しください。',
    openTotp: 'この端末のアプリで開く',
  },
};
