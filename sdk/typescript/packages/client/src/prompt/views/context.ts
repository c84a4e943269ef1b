import type { Shown } from '../model.js';

/** What every view gets. */
export interface Ui extends Shown {
  /** The chunk of enrolment, once it is there. */
  readonly enrolment: typeof import('./Enrolment.js') | null;
}
