import type { ComponentChildren, VNode } from 'preact';
import type { IconName } from '../icons.js';
import { isWaiting, problemOn, statusOf } from '../model.js';
import type { Ui } from './context.js';
import { Icon } from './icons.js';
import { words } from './words.js';

/** The button that goes on. It keeps the focus while it works, so it is never disabled but by its say. */
export const Primary = ({ ui, children, onClick, focus }: { ui: Ui; children: ComponentChildren; onClick?: () => void; focus?: boolean }): VNode => {
  const off = ui.flow.state.busy || isWaiting(ui);
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

/** What went wrong. It is there before anything did, so that screen readers hear of it. */
export const ProblemLine = ({ ui }: { ui: Ui }): VNode => {
  const problem = problemOn(ui);
  return (
    <div class="problem" role={problem?.calm ? 'status' : 'alert'} id="problem">
      {problem && (
        <p class={problem.calm ? 'note calm' : 'note bad'}>
          <Icon name={problem.calm ? 'info' : 'alert'} />
          <span>
            {words(problem.said.text, problem.said.values)}
            {problem.more && ` ${problem.more}`}
            {problem.detail && <small class="detail" dir="auto">{problem.detail}</small>}
            {problem.wait && <span aria-hidden="true">{' '}{words(problem.wait.text, problem.wait.values)}</span>}
          </span>
        </p>
      )}
    </div>
  );
};

/** Says aloud what is going on. */
export const Status = ({ ui }: { ui: Ui }): VNode => <div class="aloud" role="status">{statusOf(ui)}</div>;
