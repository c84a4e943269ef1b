import type { VNode } from 'preact';
import { digitsOf } from '../words.js';
import type { Ui } from './context.js';
import { Primary, ProblemLine } from './parts.js';

/**
 * One field for a code of six to eight digits. What is typed stays in it whatever happens. A code whose length is known is verified as
 * soon as it is complete, once.
 */
export const CodeField = ({ ui, label, digits, focus = true }: {
  ui: Ui;
  label: string;
  digits?: number | undefined;
  /** Whether the screen begins with it. */
  focus?: boolean;
}): VNode => {
  const { problem } = ui.flow.state;
  const wrong = problem !== null && !problem.calm;
  return (
    <form
      novalidate
      onSubmit={(event) => {
        event.preventDefault();
        void ui.flow.verifyCode(digitsOf(event.currentTarget.querySelector('input')!.value));
      }}
    >
      <label class="field">
        <span class="aloud">{label}</span>
        <input
          class="code"
          name="code"
          type="text"
          dir="ltr"
          inputMode="numeric"
          autocomplete="one-time-code"
          autocapitalize="off"
          spellcheck={false}
          placeholder={'•'.repeat(digits ?? 6)}
          readOnly={ui.flow.state.busy}
          aria-describedby="ask problem"
          aria-invalid={wrong ? 'true' : undefined}
          data-focus={focus ? '' : undefined}
          onInput={({ currentTarget: field }) => {
            const before = field.dataset['before'] ?? '';
            const code = digitsOf(field.value);
            if (field.value !== code) field.value = code;
            field.dataset['before'] = code;
            if (digits !== undefined && code.length === digits && code !== before && !ui.flow.state.busy) void ui.flow.verifyCode(code);
          }}
        />
      </label>
      <ProblemLine ui={ui} />
      <Primary ui={ui}>{ui.texts.verify}</Primary>
    </form>
  );
};
