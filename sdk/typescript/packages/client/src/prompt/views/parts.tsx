import type { ComponentChildren, VNode } from 'preact';
import type { Problem } from '../problem.js';
import type { Ui } from './context.js';
import { Icon, type IconName } from './icons.js';
import { clock, words } from './words.js';

/** Whether nothing helps but waiting. */
export const waiting = ({ flow, now }: Ui): boolean => (flow.state.problem?.until ?? 0) > now;

/** The button that goes on. It keeps the focus while it works, so it is never disabled but by its say. */
export const Primary = ({ ui, children, onClick, focus }: { ui: Ui; children: ComponentChildren; onClick?: () => void; focus?: boolean }): VNode => {
  const off = ui.flow.state.busy || waiting(ui);
  return (
    <button
      type={onClick ? 'button' : 'submit'}
      class="primary"
      aria-disabled={off ? 'true' : undefined}
      aria-busy={ui.flow.state.busy ? 'true' : undefined}
      data-focus={focus ? '' : undefined}
      onClick={(event) => {
        if (off) event.preventDefault();
        else onClick?.();
      }}
    >
      {ui.flow.state.busy && <span class="spinner" />}
      <span>{children}</span>
    </button>
  );
};

export const Link = ({ children, onClick, disabled }: { children: ComponentChildren; onClick: () => void; disabled?: boolean }): VNode => (
  <button type="button" class="link" aria-disabled={disabled ? 'true' : undefined} onClick={() => !disabled && onClick()}>
    {children}
  </button>
);

/** One way in a list. */
export const Way = ({ icon, name, hint, onClick, busy, focus }: {
  icon: IconName;
  name: ComponentChildren;
  hint: ComponentChildren;
  onClick: () => void;
  busy: boolean;
  focus?: boolean;
}): VNode => (
  <li>
    <button type="button" class="way" aria-disabled={busy ? 'true' : undefined} data-focus={focus ? '' : undefined} onClick={() => !busy && onClick()}>
      <span class="tile"><Icon name={icon} /></span>
      <span class="way-text">
        <span class="way-name">{name}</span>
        <span class="way-hint">{hint}</span>
      </span>
      <Icon name="next" />
    </button>
  </li>
);

const sentence = ({ flow, texts, now }: Ui, problem: Problem, to: string): ComponentChildren => [
  words(texts[problem.text], { to }),
  flow.state.typed && (problem.text === 'offline' || problem.text === 'unavailable') ? ` ${texts.stillHere}` : null,
  problem.detail ? <small class="detail" dir="auto">{problem.detail}</small> : null,
  problem.until !== undefined && problem.until > now
    ? <span aria-hidden="true">{' '}{words(texts.waitFor, { time: clock(problem.until - now) })}</span>
    : null,
];

/** What went wrong. It is there before anything did, so that screen readers hear of it. */
export const ProblemLine = ({ ui }: { ui: Ui }): VNode => {
  const { problem, screen } = ui.flow.state;
  const to = 'credential' in screen ? (screen.credential.alias ?? '') : '';
  return (
    <div class="problem" role={problem?.calm ? 'status' : 'alert'} id="problem">
      {problem && (
        <p class={problem.calm ? 'note calm' : 'note bad'}>
          <Icon name={problem.calm ? 'info' : 'alert'} />
          <span>{sentence(ui, problem, to)}</span>
        </p>
      )}
    </div>
  );
};

/** Says aloud what is going on. */
export const Status = ({ ui }: { ui: Ui }): VNode => {
  const { busy, screen } = ui.flow.state;
  const said = screen.name === 'done' ? ui.texts.done : screen.name === 'loading' ? ui.texts.loading : busy ? ui.texts.working : '';
  return <div class="aloud" role="status">{said}</div>;
};
