import type { Flow } from '../flow.js';
import type { PromptTexts } from '../texts/texts.js';

/** What every view gets. */
export interface Ui {
  readonly flow: Flow;
  readonly texts: PromptTexts;
  /** The clock of this drawing. */
  readonly now: number;
  /** The chunk of enrolment, once it is there. */
  readonly enrolment: typeof import('./Enrolment.js') | null;
}
