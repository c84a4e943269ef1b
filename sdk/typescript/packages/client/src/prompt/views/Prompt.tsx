import type { VNode } from 'preact';
import type { PromptView } from '../endpoints.js';
import type { Screen, Stop } from '../flow.js';
import { backOf, hasOthers, isEnding, keyOf, scopeWords, showsApproved, stepOf, stopOf, titleOf } from '../model.js';
import { agentName } from '../words.js';
import type { Ui } from './context.js';
import { Icon } from './icons.js';
import { Choose, Passkey, Recovery, SentCode, Social, Totp, Wallet } from './methods.js';
import { Link, Primary, Status } from './parts.js';
import { words } from './words.js';

/** Everything between the edges of the sheet. */
export const Prompt = ({ ui }: { ui: Ui }): VNode => {
  const { flow, texts } = ui;
  const { view, screen } = flow.state;
  const back = backOf(flow);
  const step = stepOf(ui);
  return (
    <>
      <header>
        {back && <button type="button" class="back" aria-label={texts.back} onClick={back}><Icon name="back" /></button>}
        <span class="app"><Icon name="shield" /><bdi>{view?.app?.name ?? ''}</bdi></span>
        {screen.name !== 'done' && (
          <button type="button" class="close" aria-label={texts.close} onClick={() => flow.close()}><Icon name="close" /></button>
        )}
      </header>
      <div class="body">
        {step && <p class="label step">{words(step.text, step.values)}</p>}
        {!isEnding(screen) && <h1 id="title" tabIndex={-1}>{titleOf(ui)}</h1>}
        {showsApproved(flow.state) && <Approved ui={ui} view={flow.asking} />}
        <div class={`screen screen-${screen.name}`} key={keyOf(screen)}><Current ui={ui} screen={screen} /></div>
        {hasOthers(flow) && <p class="others"><Link onClick={() => flow.another()}>{texts.anotherWay}</Link></p>}
      </div>
      {view && screen.name !== 'done' && <Foot ui={ui} view={view} />}
      <Status ui={ui} />
    </>
  );
};

const Current = ({ ui, screen }: { ui: Ui; screen: Screen }): VNode | null => {
  const { enrolment } = ui;
  switch (screen.name) {
    case 'loading':
      return <div class="skeleton" aria-hidden="true"><i /><i /><i /></div>;
    case 'choose':
      return <Choose ui={ui} />;
    case 'code':
      return <SentCode ui={ui} screen={screen} />;
    case 'totp':
      return <Totp ui={ui} screen={screen} />;
    case 'passkey':
      return <Passkey ui={ui} />;
    case 'wallet':
      return <Wallet ui={ui} screen={screen} />;
    case 'social':
      return <Social ui={ui} screen={screen} />;
    case 'recovery':
      return <Recovery ui={ui} />;
    case 'enrol':
      return enrolment && <enrolment.Enrol ui={ui} />;
    case 'enrolTotp':
      return enrolment && <enrolment.EnrolTotp ui={ui} totp={screen.totp} />;
    case 'enrolPasskey':
      return enrolment && <enrolment.EnrolPasskey ui={ui} />;
    case 'keep':
      return enrolment && <enrolment.Keep ui={ui} codes={screen.codes} />;
    case 'done':
      return <Done ui={ui} />;
    case 'stop':
      return <Stopped ui={ui} why={screen.why} until={screen.until} />;
  }
};

/** What is approved: the transaction word for word, or what the scopes allow. */
const Approved = ({ ui, view }: { ui: Ui; view: PromptView }): VNode => {
  const { texts } = ui;
  const { binding, scopes } = view;
  if (binding) {
    return (
      <section class="approved exactly" aria-label={texts.approveExactly}>
        <p class="label">{texts.approveExactly}</p>
        {binding.summary.split('\n').map((line, n) => <p key={n} class="line" dir="auto">{line}</p>)}
      </section>
    );
  }
  return (
    <section class="approved" aria-label={texts.approve}>
      <p class="label">{texts.approve}</p>
      {scopes.length === 0 && <p class="line">{texts.protectedAction}</p>}
      {scopes.map(({ scope, words: own }) => {
        const said = scopeWords(texts, scope, own);
        return <p key={scope} class={said ? 'line' : 'line name'} dir="auto">{said ?? <code>{scope}</code>}</p>;
      })}
    </section>
  );
};

const Foot = ({ ui, view }: { ui: Ui; view: PromptView }): VNode | null => {
  const { texts } = ui;
  const { account, asked } = view;
  if (!account && !asked) return null;
  return (
    <footer>
      {account && <p>{words(texts.signedInAs, { account })}</p>}
      {asked && <p>{words(texts.askedFrom, { address: asked.address ?? '?', userAgent: agentName(asked.userAgent ?? '?') })}</p>}
    </footer>
  );
};

const Done = ({ ui }: { ui: Ui }): VNode => (
  <div class="ending">
    <div class="emblem good"><Icon name="check" /></div>
    <h1 id="title" tabIndex={-1}>{ui.texts.done}</h1>
  </div>
);

/** Nothing can be done here, and what can be done elsewhere. */
const Stopped = ({ ui, why, until }: { ui: Ui; why: Stop; until: number | undefined }): VNode => {
  const { texts, flow } = ui;
  const { icon, title, todo, passkeysOff, wait, again } = stopOf(ui, why, until);
  return (
    <div class="ending">
      <div class="emblem"><Icon name={icon} /></div>
      <h1 id="title" tabIndex={-1}>{title}</h1>
      <p class="ask center" id="ask">{todo}</p>
      {passkeysOff && <p class="aside center">{texts.passkeysOff}</p>}
      {wait && <p class="wait">{words(wait.text, wait.values)}</p>}
      {again && <Primary ui={ui} focus onClick={() => void flow.start()}>{texts.tryAgain}</Primary>}
      <button type="button" class="secondary" data-focus="" onClick={() => flow.close()}>{texts.dismiss}</button>
    </div>
  );
};
