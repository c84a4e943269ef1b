import type { VNode } from 'preact';
import type { PromptView } from '../endpoints.js';
import type { Screen, Stop } from '../flow.js';
import type { Ui } from './context.js';
import { Icon, type IconName } from './icons.js';
import { Choose, Passkey, Recovery, SentCode, Social, Totp, Wallet } from './methods.js';
import { Link, Primary, Status } from './parts.js';
import { agentName, clock, words } from './words.js';

/** Everything between the edges of the sheet. */
export const Prompt = ({ ui }: { ui: Ui }): VNode => {
  const { flow, texts } = ui;
  const { view, screen } = flow.state;
  const inline = screen.name === 'stop' || screen.name === 'done';
  return (
    <>
      <header>
        {back(ui)}
        <span class="app"><Icon name="shield" /><bdi>{view?.app?.name ?? ''}</bdi></span>
        {screen.name !== 'done' && (
          <button type="button" class="close" aria-label={texts.close} onClick={() => flow.close()}><Icon name="close" /></button>
        )}
      </header>
      <div class="body">
        {step(ui)}
        {!inline && <h1 id="title" tabIndex={-1}>{titleOf(ui)}</h1>}
        {view && !inline && !['enrolTotp', 'enrolPasskey', 'keep'].includes(screen.name) && <Approved ui={ui} view={flow.asking} />}
        <div class={`screen screen-${screen.name}`} key={keyOf(screen)}><Current ui={ui} screen={screen} /></div>
        {more(ui)}
      </div>
      {view && screen.name !== 'done' && <Foot ui={ui} view={view} />}
      <Status ui={ui} />
    </>
  );
};

const enrolling = (screen: Screen): boolean => ['enrol', 'enrolTotp', 'enrolPasskey', 'keep'].includes(screen.name);

/** A field must stay the same as long as it is for the same thing, and no longer. */
const keyOf = (screen: Screen): string => `${screen.name}:${'credential' in screen ? screen.credential.id : ''}`;

const titleOf = ({ flow, texts }: Ui): string => {
  const { screen } = flow.state;
  if (screen.name === 'keep') return texts.keepTitle;
  if (screen.name === 'enrolTotp') return texts.enrolTotp;
  if (screen.name === 'enrolPasskey') return texts.enrolPasskey;
  return screen.name === 'enrol' ? texts.enrolTitle : texts.title;
};

const back = ({ flow, texts }: Ui): VNode | null => {
  const { screen, linking, enrolling: factor } = flow.state;
  const button = (go: () => void): VNode => (
    <button type="button" class="back" aria-label={texts.back} onClick={go}><Icon name="back" /></button>
  );
  if (['done', 'stop', 'loading', 'keep'].includes(screen.name)) return null;
  if (screen.name === 'enrolTotp' || screen.name === 'enrolPasskey') return button(() => flow.leaveEnrolment());
  if (linking && factor && (screen.name === 'choose' || flow.ways < 2)) return button(() => flow.leaveEnrolment());
  if (screen.name === 'enrol' && flow.offers.length > 0) return button(() => flow.another());
  return null;
};

/** Where one is on the way through an enrolment: the proof it needs, the factor, the proof that was asked for. */
const step = ({ flow, texts }: Ui): VNode | null => {
  const { screen, linking, enrolling: factor, enrolled, linked } = flow.state;
  if (!(factor || enrolled) || screen.name === 'done' || screen.name === 'stop' || screen.name === 'loading') return null;
  const steps = linked ? 3 : 2;
  const now = linking ? 1 : enrolled && screen.name !== 'keep' ? steps : steps - 1;
  return <p class="label step">{words(texts.enrolStep, { step: String(now), steps: String(steps) })}</p>;
};

/** The way to the others. */
const more = ({ flow, texts }: Ui): VNode | null => {
  const { screen } = flow.state;
  const lone = screen.name === 'recovery' ? flow.offers.length === 0 : flow.ways < 2;
  if (lone || ['choose', 'loading', 'done', 'stop'].includes(screen.name) || enrolling(screen)) return null;
  return <p class="others"><Link onClick={() => flow.another()}>{texts.anotherWay}</Link></p>;
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
        const said = Object.hasOwn(texts.scopes, scope) ? texts.scopes[scope] : undefined;
        return <p key={scope} class={said ?? own ? 'line' : 'line name'} dir="auto">{said ?? own ?? <code>{scope}</code>}</p>;
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

const icons: Readonly<Record<Stop, IconName>> = {
  disputed: 'alert', cooling_down: 'clock', no_method: 'info', failed: 'alert', expired: 'clock', session_ended: 'info', not_open: 'info',
};

/** Nothing can be done here, and what can be done elsewhere. */
const Stopped = ({ ui, why, until }: { ui: Ui; why: Stop; until: number | undefined }): VNode => {
  const { texts, flow, now } = ui;
  const [title, todo] = ({
    disputed: [texts.stopDisputed, texts.stopDisputedDo],
    cooling_down: [texts.stopCooling, texts.stopCoolingDo],
    no_method: [texts.stopNoMethod, texts.stopNoMethodDo],
    failed: [texts.stopFailed, texts.stopFailedDo],
    expired: [texts.stopExpired, texts.stopExpiredDo],
    session_ended: [texts.stopSession, texts.stopSessionDo],
    not_open: [texts.stopNotOpen, texts.stopNotOpenDo],
  } satisfies Record<Stop, [string, string]>)[why];
  const wait = (until ?? 0) - now;
  const again = why === 'failed' || why === 'cooling_down';
  return (
    <div class="ending">
      <div class="emblem"><Icon name={icons[why]} /></div>
      <h1 id="title" tabIndex={-1}>{title}</h1>
      <p class="ask center" id="ask">{todo}</p>
      {why === 'no_method' && flow.withoutPasskeys && <p class="aside center">{texts.passkeysOff}</p>}
      {wait > 0 && <p class="wait">{words(texts.waitFor, { time: clock(wait) })}</p>}
      {again && wait <= 0 && <Primary ui={ui} focus onClick={() => void flow.start()}>{texts.tryAgain}</Primary>}
      <button type="button" class="secondary" data-focus="" onClick={() => flow.close()}>{texts.dismiss}</button>
    </div>
  );
};
