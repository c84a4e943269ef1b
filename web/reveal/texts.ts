export interface Texts {
  readonly title: string;
  readonly warning: string;
  readonly address: string;
  readonly covered: string;
  readonly show: string;
  readonly hide: string;
  readonly copy: string;
  readonly copied: string;
  readonly notCopied: string;
  readonly close: string;
  readonly working: string;
  readonly unsupported: string;
  readonly unreadable: string;
  readonly foreign: string;
  readonly alone: string;
}

export const texts: Readonly<Record<string, Texts>> = {
  en: {
    title: 'Private key',
    warning: 'Whoever has this key has everything in the wallet, for good. Nobody who wants to help you needs it.',
    address: 'Address',
    covered: 'The key is hidden. Make sure that nobody looks over your shoulder.',
    show: 'Show key',
    hide: 'Hide key',
    copy: 'Copy',
    copied: 'Copied. Other apps can read what is copied: paste it where it belongs, then copy something else.',
    notCopied: 'The browser did not copy it. Show the key and write it down.',
    close: 'Done',
    working: 'One moment …',
    unsupported: 'This browser cannot open the key. Update it, or use another one. The key has not left.',
    unreadable: 'What arrived cannot be opened here, so there is nothing to show. Export the key again.',
    foreign: 'What arrived is the key of another wallet, so it is not shown. Tell the people who run the app.',
    alone: 'This page shows a key inside of an app. There is nothing to see here.',
  },
  de: {
    title: 'Privater Schlüssel',
    warning: 'Wer diesen Schlüssel hat, hat alles in der Wallet, für immer. Niemand, der Ihnen helfen will, braucht ihn.',
    address: 'Adresse',
    covered: 'Der Schlüssel ist verdeckt. Achten Sie darauf, dass niemand mitliest.',
    show: 'Schlüssel zeigen',
    hide: 'Schlüssel verbergen',
    copy: 'Kopieren',
    copied: 'Kopiert. Andere Apps können Kopiertes lesen: Fügen Sie es ein, wo es hingehört, und kopieren Sie dann etwas anderes.',
    notCopied: 'Der Browser hat nicht kopiert. Zeigen Sie den Schlüssel und schreiben Sie ihn auf.',
    close: 'Fertig',
    working: 'Einen Augenblick …',
    unsupported: 'Dieser Browser kann den Schlüssel nicht öffnen. Aktualisieren Sie ihn oder nehmen Sie einen anderen. Der Schlüssel wurde nicht herausgegeben.',
    unreadable: 'Was ankam, lässt sich hier nicht öffnen; es gibt nichts zu zeigen. Exportieren Sie den Schlüssel noch einmal.',
    foreign: 'Was ankam, ist der Schlüssel einer anderen Wallet und wird nicht gezeigt. Sagen Sie es den Betreibern der App.',
    alone: 'Diese Seite zeigt einen Schlüssel in einer App. Hier gibt es nichts zu sehen.',
  },
  es: {
    title: 'Clave privada',
    warning: 'Quien tiene esta clave tiene todo lo que hay en la cartera, para siempre. Nadie que quiera ayudarle la necesita.',
    address: 'Dirección',
    covered: 'La clave está oculta. Asegúrese de que nadie mira su pantalla.',
    show: 'Mostrar clave',
    hide: 'Ocultar clave',
    copy: 'Copiar',
    copied: 'Copiada. Otras aplicaciones pueden leer lo copiado: péguela donde corresponda y después copie otra cosa.',
    notCopied: 'El navegador no la ha copiado. Muestre la clave y anótela.',
    close: 'Listo',
    working: 'Un momento …',
    unsupported: 'Este navegador no puede abrir la clave. Actualícelo o use otro. La clave no ha salido.',
    unreadable: 'Lo que ha llegado no se puede abrir aquí, así que no hay nada que mostrar. Exporte la clave de nuevo.',
    foreign: 'Lo que ha llegado es la clave de otra cartera y no se muestra. Avise a quienes gestionan la aplicación.',
    alone: 'Esta página muestra una clave dentro de una aplicación. Aquí no hay nada que ver.',
  },
  fr: {
    title: 'Clé privée',
    warning: 'Quiconque possède cette clé possède tout le contenu du portefeuille, pour toujours. Personne qui veut vous aider n’en a besoin.',
    address: 'Adresse',
    covered: 'La clé est masquée. Vérifiez que personne ne regarde votre écran.',
    show: 'Afficher la clé',
    hide: 'Masquer la clé',
    copy: 'Copier',
    copied: 'Copiée. D’autres applications peuvent lire ce qui est copié : collez-la là où il faut, puis copiez autre chose.',
    notCopied: 'Le navigateur ne l’a pas copiée. Affichez la clé et notez-la.',
    close: 'Terminé',
    working: 'Un instant …',
    unsupported: 'Ce navigateur ne peut pas ouvrir la clé. Mettez-le à jour ou utilisez-en un autre. La clé n’est pas sortie.',
    unreadable: 'Ce qui est arrivé ne peut pas être ouvert ici ; il n’y a rien à afficher. Exportez la clé de nouveau.',
    foreign: 'Ce qui est arrivé est la clé d’un autre portefeuille et n’est pas affiché. Prévenez les responsables de l’application.',
    alone: 'Cette page affiche une clé dans une application. Il n’y a rien à voir ici.',
  },
  pt: {
    title: 'Chave privada',
    warning: 'Quem tem esta chave tem tudo o que está na carteira, para sempre. Ninguém que queira ajudar precisa dela.',
    address: 'Endereço',
    covered: 'A chave está oculta. Confirme que ninguém está a olhar para o seu ecrã.',
    show: 'Mostrar chave',
    hide: 'Ocultar chave',
    copy: 'Copiar',
    copied: 'Copiada. Outras aplicações podem ler o que é copiado: cole-a onde deve estar e depois copie outra coisa.',
    notCopied: 'O navegador não a copiou. Mostre a chave e anote-a.',
    close: 'Concluído',
    working: 'Um momento …',
    unsupported: 'Este navegador não consegue abrir a chave. Atualize-o ou use outro. A chave não saiu.',
    unreadable: 'O que chegou não pode ser aberto aqui, por isso não há nada a mostrar. Exporte a chave novamente.',
    foreign: 'O que chegou é a chave de outra carteira e não é mostrado. Avise quem gere a aplicação.',
    alone: 'Esta página mostra uma chave dentro de uma aplicação. Não há nada para ver aqui.',
  },
  ja: {
    title: '秘密鍵',
    warning: 'この鍵を持つ人は、ウォレットの中身すべてをいつまでも動かせます。あなたを助けようとする人に、この鍵は必要ありません。',
    address: 'アドレス',
    covered: '鍵は隠されています。誰にも画面を見られていないことを確かめてください。',
    show: '鍵を表示',
    hide: '鍵を隠す',
    copy: 'コピー',
    copied: 'コピーしました。コピーした内容はほかのアプリからも読めます。必要な場所に貼り付けたら、別のものをコピーしてください。',
    notCopied: 'ブラウザーがコピーできませんでした。鍵を表示して書き留めてください。',
    close: '完了',
    working: 'お待ちください …',
    unsupported: 'このブラウザーでは鍵を開けません。更新するか、別のブラウザーを使ってください。鍵は出ていません。',
    unreadable: '届いたものをここで開けないため、表示するものがありません。もう一度鍵を書き出してください。',
    foreign: '届いたものは別のウォレットの鍵なので表示しません。アプリの運営者に知らせてください。',
    alone: 'このページはアプリの中で鍵を表示します。ここには何もありません。',
  },
};
